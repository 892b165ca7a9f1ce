// Whether and when a container that has ended is started again: docker's policies and back-off
// (docker-defaults.md, "restart").
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/json.h"

namespace minidock::shim {

struct RestartSettings {
  std::string policy = "no";  // "no", "always", "unless-stopped", "on-failure"
  int maximum_retries = 0;    // of on-failure; 0: no limit
};
Json to_json(const RestartSettings& settings);
RestartSettings restart_settings_from_json(const Json& document);

// One end of a container's main process.
struct EndOfRun {
  int exit_code = 0;
  bool stop_requested = false;
  bool restart_wanted = false;  // by the health check, whatever the policy says
  std::chrono::nanoseconds duration{};
};

class RestartBackoff {
 public:
  // How long to wait before the next start; nothing when there is none. The settings may have changed since the last
  // end.
  std::optional<std::chrono::milliseconds> next(const RestartSettings& settings, const EndOfRun& end);
  // How often next() has said so.
  int count() const { return count_; }

 private:
  std::chrono::milliseconds delay_{0};
  int count_ = 0;
};

}  // namespace minidock::shim
