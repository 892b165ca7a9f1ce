// systemd over D-Bus, as far as a container's scope needs it (org.freedesktop.systemd1(5)). libsystemd is loaded when
// the first connection is made and not before: nobody else pays for it, or needs it to be installed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/runtime/systemd_scope.h"

namespace minidock {

class SystemdBus {
 public:
  // ErrorKind::unavailable, saying what to do, where systemd does not run.
  static SystemdBus connect();
  SystemdBus(SystemdBus&&) noexcept;
  ~SystemdBus();

  // Returns when systemd has taken the job; the scope is there a moment later. False when it has a unit of that name
  // still: one that is going away.
  bool start_scope(const std::string& unit, const std::vector<runtime::UnitProperty>& properties);
  // Until the machine's next boot.
  void set_properties(const std::string& unit, const std::vector<runtime::UnitProperty>& properties);

 private:
  struct Parts;
  explicit SystemdBus(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace minidock
