#include "engine/shim/health_settings.h"

namespace minidock::shim {

Json to_json(const HealthSettings& settings) {
  return Json{{"command", settings.command},
              {"interval", settings.interval.count()},
              {"timeout", settings.timeout.count()},
              {"start_period", settings.start_period.count()},
              {"start_interval", settings.start_interval.count()},
              {"retries", settings.retries},
              {"on_unhealthy", static_cast<int>(settings.on_unhealthy)}};
}

HealthSettings health_settings_from_json(const Json& document) {
  HealthSettings settings;
  const auto duration = [&](const char* key) { return std::chrono::nanoseconds(json::get_int(document, key)); };
  settings.command = json::get_strings(document, "command");
  settings.interval = duration("interval");
  settings.timeout = duration("timeout");
  settings.start_period = duration("start_period");
  settings.start_interval = duration("start_interval");
  settings.retries = static_cast<int>(json::get_int(document, "retries", settings.retries));
  settings.on_unhealthy = static_cast<OnUnhealthy>(json::get_int(document, "on_unhealthy"));
  return settings;
}

}  // namespace minidock::shim
