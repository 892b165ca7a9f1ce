// The shim's command where systemd makes a container's cgroup: see engine/shim/scope_keeper.h.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>

#include "base/error.h"
#include "base/nap.h"
#include "base/path.h"
#include "engine/engine.h"
#include "engine/runtime/cgroup_v2.h"
#include "engine/systemd_bus.h"

namespace minidock {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{10};

// False when it has not come true in time.
template <typename Condition>
bool wait_for(Condition condition) {
  const Clock::time_point deadline = Clock::now() + kPatience;
  while (!condition()) {
    if (Clock::now() >= deadline) return false;
    nap(2);
  }
  return true;
}

}  // namespace

void Engine::make_scope(const std::string& id) {
  const runtime::Spec spec = shim::read_config(instance_.container_dir(id)).spec;
  const std::string unit = path::base_name(spec.cgroups_path);
  const auto properties =
      runtime::scope_properties(spec.cgroups_path, spec.resources, static_cast<std::uint32_t>(::getpid()));
  SystemdBus bus = SystemdBus::connect();
  // The last run's goes when systemd gets to it.
  if (!wait_for([&] { return bus.start_scope(unit, properties); })) {
    throw Error(ErrorKind::conflict, fmt::format("systemd has another unit {} that does not end", unit));
  }
  if (wait_for([&] { return runtime::own_v2_cgroup() == spec.cgroups_path; })) return;
  throw Error(ErrorKind::unavailable,
              fmt::format("systemd has made {} but not at {} of the v2 hierarchy (this process is in {}): does it use "
                          "v1 alone, or not start at the root? Use \"exec-opts\": [\"native.cgroupdriver=cgroupfs\"]",
                          unit, spec.cgroups_path, runtime::own_v2_cgroup()));
}

}  // namespace minidock
