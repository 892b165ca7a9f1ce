#include "engine/shim/health_settings.h"

namespace minidock::shim {
namespace {

std::chrono::nanoseconds get_duration(const Json& document, const char* key) {
  return std::chrono::nanoseconds(json::get_int(document, key));
}

Json startup_to_json(const StartupProbe& startup) {
  return Json{{"command", startup.command},
              {"interval", startup.interval.count()},
              {"timeout", startup.timeout.count()},
              {"retries", startup.retries},
              {"successes", startup.successes}};
}

StartupProbe startup_from_json(const Json& document) {
  StartupProbe startup;
  startup.command = json::get_strings(document, "command");
  startup.interval = get_duration(document, "interval");
  startup.timeout = get_duration(document, "timeout");
  startup.retries = static_cast<int>(json::get_int(document, "retries"));
  startup.successes = static_cast<int>(json::get_int(document, "successes", startup.successes));
  return startup;
}

}  // namespace

Json to_json(const HealthSettings& settings) {
  return Json{{"command", settings.command},
              {"interval", settings.interval.count()},
              {"timeout", settings.timeout.count()},
              {"start_period", settings.start_period.count()},
              {"start_interval", settings.start_interval.count()},
              {"retries", settings.retries},
              {"on_unhealthy", static_cast<int>(settings.on_unhealthy)},
              {"startup", startup_to_json(settings.startup)}};
}

HealthSettings health_settings_from_json(const Json& document) {
  HealthSettings settings;
  const auto duration = [&](const char* key) { return get_duration(document, key); };
  settings.command = json::get_strings(document, "command");
  settings.interval = duration("interval");
  settings.timeout = duration("timeout");
  settings.start_period = duration("start_period");
  settings.start_interval = duration("start_interval");
  settings.retries = static_cast<int>(json::get_int(document, "retries", settings.retries));
  settings.on_unhealthy = static_cast<OnUnhealthy>(json::get_int(document, "on_unhealthy"));
  if (const auto startup = document.find("startup"); startup != document.end()) {
    settings.startup = startup_from_json(*startup);
  }
  return settings;
}

}  // namespace minidock::shim
