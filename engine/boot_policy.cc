#include "engine/boot_policy.h"

namespace minidock {

bool is_wanted_after_boot(const Container& container, bool was_alive) {
  const ContainerState& state = container.state;
  const RestartPolicy& policy = container.definition.host.restart;
  if (container.alive() || container.definition.host.auto_remove) return false;
  if (state.status == ContainerStatus::created && !was_alive) return false;
  if (policy.name == "always") return true;
  if (state.stopped_by_user) return false;
  if (policy.name == "unless-stopped") return true;
  if (policy.name != "on-failure" || (state.exit_code == 0 && !was_alive)) return false;
  return policy.maximum_retries == 0 || state.restart_count < policy.maximum_retries;
}

}  // namespace minidock
