#include <fmt/format.h>

#include "base/error.h"
#include "engine/engine.h"
#include "engine/events.h"
#include "engine/resources.h"
#include "engine/runtime/freezer.h"

namespace minidock {

void Engine::pause(const std::string& name) {
  const Container found = resolve(name);
  if (!found.running()) {
    throw Error(ErrorKind::conflict, fmt::format("Container {} is not running", found.id()));
  }
  if (found.state.paused) throw Error(ErrorKind::conflict, fmt::format("Container {} is already paused", found.id()));
  try {
    runtime::freeze_cgroup(cgroups_path(instance_, found.definition));
  } catch (const Error& error) {
    throw error.with_context(fmt::format("Cannot pause container {}", found.id()));
  }
  record_container_event(instance_, found.definition, "pause");
}

void Engine::unpause(const std::string& name) {
  const Container found = resolve(name);
  if (!found.state.paused) throw Error(ErrorKind::conflict, fmt::format("Container {} is not paused", found.id()));
  try {
    runtime::thaw_cgroup(cgroups_path(instance_, found.definition));
  } catch (const Error& error) {
    throw error.with_context(fmt::format("Cannot unpause container {}", found.id()));
  }
  record_container_event(instance_, found.definition, "unpause");
}

}  // namespace minidock
