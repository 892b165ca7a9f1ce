// What a container writes, cut into entries for its log driver.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "engine/shim/log_driver.h"
#include "engine/shim/protocol.h"

namespace minidock::shim {

class ContainerLog {
 public:
  // A log that keeps nothing.
  ContainerLog() = default;
  explicit ContainerLog(std::unique_ptr<LogDriver> driver) : driver_(std::move(driver)) {}
  // Throws what the driver's opening throws.
  static ContainerLog open(const LogConfig& config);

  bool keeps_nothing() const { return !driver_; }
  // Takes what a stream has written; an incomplete line waits for its rest.
  void write(LogStream stream, std::string_view data);
  // The stream has ended: writes out its incomplete line.
  void end(LogStream stream);

  // See LogDriver.
  void rest() noexcept;
  int helper() const noexcept { return driver_ ? driver_->helper() : -1; }
  void reap_helper() noexcept;
  void end_helper() noexcept;

 private:
  std::unique_ptr<LogDriver> driver_;
  std::array<std::string, 2> incomplete_;
};

}  // namespace minidock::shim
