#include <fmt/format.h>

#include "base/error.h"
#include "engine/container_root.h"
#include "engine/engine.h"

namespace minidock {

std::vector<Change> Engine::diff(const std::string& name) {
  EngineContext here = context();
  const HeldContainer held = hold_container(here, name);
  const runtime::Spec spec = spec_of(here, held.container);
  if (!spec.rootfs.directory.empty()) {
    throw Error(ErrorKind::unsupported,
                fmt::format("container {} writes into {} itself (--rootfs): there is nothing to compare that with",
                            name, spec.rootfs.directory));
  }
  make_upper(instance_, held.container.id(), spec);
  return find_upper_changes(spec).changes;
}

}  // namespace minidock
