// The container's name server in this process: sockets in the container's network namespace, answers from the files
// that the engine keeps.
#pragma once

#include <sys/types.h>

#include <memory>

#include "engine/shim/protocol.h"
#include "names/server.h"

namespace minidock::shim {

// For the child `pid`, in whose network namespace lo is switched on with it; null when the container has none.
std::unique_ptr<names::Server> open_name_server(const NameServiceConfig& config, pid_t pid);

}  // namespace minidock::shim
