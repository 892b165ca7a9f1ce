#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/daemon_config.h"
#include "storage/database.h"
#include "storage/instance.h"

namespace minidock {

// What every step of a verb works with; lives as long as the call.
struct EngineContext {
  storage::Database& database;
  const storage::Instance& instance;
  const DaemonConfig& config;
  bool debug = false;
  // The global options that name this instance, for processes that are started on its behalf.
  std::vector<std::string> instance_arguments;
  // What the user should know though the verb goes on.
  std::function<void(const std::string& warning)> warn;
};

}  // namespace minidock
