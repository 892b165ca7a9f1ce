#pragma once

#include <string>
#include <vector>

#include "base/process.h"
#include "engine/shim/health_monitor.h"

namespace minidock::shim {

// Runs `command` in the running container, as its user and with its environment, as `exec` would. The container's
// document is read for it, and not kept in memory.
Probe start_probe(const std::string& container_dir, const ProcessId& init, const std::vector<std::string>& command);

}  // namespace minidock::shim
