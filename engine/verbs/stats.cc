#include "base/error.h"
#include "engine/engine.h"
#include "engine/resources.h"

namespace minidock {

UseSample Engine::sample_use(const std::string& name) {
  const Container found = resolve(name);
  UseSample sample;
  sample.id = found.id();
  sample.name = found.name();
  if (!found.running()) return sample;
  try {
    sample.use = runtime::read_container_use(found.state.running.init.pid, cgroups_path(instance_, found.definition));
    sample.machine = runtime::read_machine_cpu();
    sample.running = true;
  } catch (const SysError& error) {
    // Its groups go while they are read: it has just ended.
    if (error.error_number() != ENOENT && error.error_number() != ENODEV) throw;
    sample.use = {};
  }
  return sample;
}

}  // namespace minidock
