// How a container's health is probed: docker's HEALTHCHECK with its defaults filled in.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/json.h"

namespace minidock::shim {

// What the shim does when the container becomes unhealthy (podman's --health-on-failure).
enum class OnUnhealthy { nothing, kill, restart, stop };

struct HealthSettings {
  std::vector<std::string> command;  // argv; empty: no probes
  std::chrono::nanoseconds interval{};
  std::chrono::nanoseconds timeout{};
  std::chrono::nanoseconds start_period{};
  std::chrono::nanoseconds start_interval{};
  int retries = 3;
  OnUnhealthy on_unhealthy = OnUnhealthy::nothing;
};
Json to_json(const HealthSettings& settings);
HealthSettings health_settings_from_json(const Json& document);

}  // namespace minidock::shim
