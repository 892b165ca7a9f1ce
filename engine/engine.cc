#include "engine/engine.h"

#include <climits>
#include <cstdlib>

#include "base/error.h"
#include "base/trace.h"
#include "engine/lifecycle.h"
#include "engine/state_directory.h"

namespace minidock {

Engine::Engine(const EngineOptions& options)
    : config_(read_daemon_config(options.config_file.value_or(kDefaultConfigFile), options.config_file.has_value())),
      instance_(storage::make_instance(options.root.value_or(config_.data_root.value_or(storage::kDefaultRoot)),
                                       options.state.value_or(config_.exec_root.value_or(storage::kDefaultState)))),
      debug_(options.debug || config_.debug),
      config_file_(options.config_file),
      on_warning_(options.on_warning) {
  if (debug_) trace::enable(2, "minidock");
}

Engine::~Engine() = default;

storage::Database& Engine::database() {
  if (!database_) {
    storage::create_directories(instance_);
    database_ = std::make_unique<storage::Database>(storage::Database::open(instance_.database()));
  }
  return *database_;
}

EngineContext Engine::context() {
  std::vector<std::string> arguments{"--root", instance_.root, "--state", instance_.state};
  if (config_file_) arguments.insert(arguments.end(), {"--config-file", *config_file_});
  return EngineContext{database(), instance_, config_, debug_, std::move(arguments), on_warning_};
}

Container Engine::resolve(const std::string& name) {
  EngineContext here = context();
  return settle(here, load_container(here.database, name));
}

std::vector<Container> Engine::list_all() { return list(ListOptions{.all = true, .last = 0, .filters = {}}); }

Container Engine::container(const std::string& name) { return resolve(name); }

void Engine::clean_up(const std::string& id) {
  EngineContext here = context();
  // The shim that asked for it is about to end and then lets its lock go.
  const std::optional<Container> row = find_container(here.database, id);
  if (!row) return;
  lock_container(instance_, id).reset();
  if (const std::optional<Container> again = find_container(here.database, id)) {
    settle(here, *again);
  } else {
    remove_state_directory(instance_, id);  // what taking the lock made again
  }
}

}  // namespace minidock
