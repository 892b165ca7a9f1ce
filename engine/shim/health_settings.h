// How a container's health is probed: docker's HEALTHCHECK with its defaults filled in.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/json.h"

namespace minidock::shim {

// What the shim does when the container becomes unhealthy (podman's --health-on-failure).
enum class OnUnhealthy { nothing, kill, restart, stop };

// What has to succeed before the probes proper begin (podman's --health-startup-…).
struct StartupProbe {
  std::vector<std::string> command;  // argv; empty: none
  std::chrono::nanoseconds interval{};
  std::chrono::nanoseconds timeout{};
  int retries = 0;    // failures until the container is started again; 0: never
  int successes = 1;  // until it has passed
};

struct HealthSettings {
  std::vector<std::string> command;  // argv; empty: no probes
  std::chrono::nanoseconds interval{};
  std::chrono::nanoseconds timeout{};
  std::chrono::nanoseconds start_period{};
  std::chrono::nanoseconds start_interval{};
  int retries = 3;
  OnUnhealthy on_unhealthy = OnUnhealthy::nothing;
  StartupProbe startup;
};
Json to_json(const HealthSettings& settings);
HealthSettings health_settings_from_json(const Json& document);

}  // namespace minidock::shim
