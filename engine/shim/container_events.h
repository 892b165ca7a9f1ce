// The events that a shim tells of its own container.
#pragma once

#include <string>

#include "engine/shim/event_log.h"
#include "engine/shim/protocol.h"

namespace minidock::shim {

class ContainerEvents {
 public:
  explicit ContainerEvents(const ShimConfig& config);
  void record(const std::string& action, const EventAttributes& extra = {}) const noexcept;

 private:
  std::string id_;
  std::string container_dir_;
  std::string state_root_;
  EventAttributes attributes_;
};

// `rename` of a running container: from here on its shim's events have the new name.
void tell_new_name(const std::string& container_dir, const std::string& name);

}  // namespace minidock::shim
