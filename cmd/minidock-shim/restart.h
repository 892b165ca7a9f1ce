// Starting the container again, by the shim that has just seen it end.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "engine/shim/kept_ports.h"
#include "engine/shim/running_container.h"

namespace minidock::shim {

// Serves the ports meanwhile. False when a stop is requested before the time is over.
bool wait_for_restart(const std::string& state_dir, std::chrono::milliseconds delay, KeptPorts& ports);

// As the first start, but that the network is attached by a command of the shim's own. Throws as that.
std::unique_ptr<RunningContainer> start_again(const ShimConfig& config, int restart_count);

}  // namespace minidock::shim
