#include "engine/shim/container_events.h"

#include <utility>

#include "base/file.h"

namespace minidock::shim {
namespace {

// Only there after a `rename`.
std::string name_file(const std::string& container_dir) { return container_dir + "/name"; }

}  // namespace

ContainerEvents::ContainerEvents(const ShimConfig& config)
    : id_(config.id),
      container_dir_(config.container_dir),
      state_root_(config.state_root),
      attributes_(config.event_attributes) {}

void ContainerEvents::record(const std::string& action, const EventAttributes& extra) const noexcept {
  if (state_root_.empty()) return;
  try {
    Event event{"container", action, id_, attributes_, 0};
    for (const auto& [key, value] : extra) event.attributes[key] = value;
    if (const auto name = file::read_if_exists(name_file(container_dir_))) event.attributes["name"] = *name;
    append_event(state_root_, std::move(event));
  } catch (const std::exception&) {
    // An event that cannot be told is no reason to end a container.
  }
}

void tell_new_name(const std::string& container_dir, const std::string& name) {
  file::replace(name_file(container_dir), name, 0600);
}

}  // namespace minidock::shim
