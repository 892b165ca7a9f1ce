// What runs, as the state directory tells it: without the database, for the commands whose time is that of a start.
#pragma once

#include <optional>
#include <string>

#include "base/process.h"
#include "engine/shim/protocol.h"
#include "storage/instance.h"

namespace minidock {

struct RunningContainer {
  std::string id;
  ProcessId init;
};

// state.json, when there is one.
std::optional<shim::RunningState> read_running_state(const storage::Instance& instance, const std::string& id);

// By the whole name ("/name" too) or id. Nothing when no such container is known to run: then the database tells.
std::optional<RunningContainer> find_running_container(const storage::Instance& instance, const std::string& name);

}  // namespace minidock
