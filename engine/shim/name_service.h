// The container's name server in this process: sockets in the container's network namespace, answers from the files
// that the engine keeps.
#pragma once

#include <memory>

#include "engine/shim/protocol.h"
#include "names/server.h"

namespace minidock::shim {

// In the network namespace `netns`, of which the server keeps a descriptor of its own, and where lo is switched on with
// it; null when the container has none.
std::unique_ptr<names::Server> open_name_server(const NameServiceConfig& config, int netns);

}  // namespace minidock::shim
