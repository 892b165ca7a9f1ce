#include "engine/container_root.h"
#include "engine/engine.h"

namespace minidock {

std::vector<Change> Engine::diff(const std::string& name) {
  EngineContext here = context();
  const HeldContainer held = hold_container(here, name);
  const runtime::Spec spec = spec_of(here, held.container);
  make_upper(instance_, held.container.id(), spec);
  return find_upper_changes(spec).changes;
}

}  // namespace minidock
