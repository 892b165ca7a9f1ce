#include "engine/health_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"

namespace minidock {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::array<std::string_view, 4> kActions{"none", "kill", "restart", "stop"};
constexpr char kActionLabel[] = "org.minidock.health-on-failure";
constexpr std::int64_t kShortest = 1'000'000;  // ns; docker's limit

shim::OnUnhealthy action_of(const std::string& name) {
  const auto found = std::find(kActions.begin(), kActions.end(), name);
  return found == kActions.end() ? shim::OnUnhealthy::nothing
                                 : static_cast<shim::OnUnhealthy>(found - kActions.begin());
}

void check_time(const char* what, std::int64_t time) {
  if (time != 0 && time < kShortest) {
    throw Error(ErrorKind::invalid_argument, fmt::format("{} in Healthcheck cannot be less than 1ms", what));
  }
}

void check_startup(const Healthcheck& health) {
  const StartupHealthcheck& startup = *health.startup;
  if (!health.is_set()) {
    throw Error(ErrorKind::invalid_argument,
                "a startup healthcheck needs a healthcheck to go before: give --health-cmd");
  }
  if (startup.test.empty()) {
    throw Error(ErrorKind::invalid_argument, "--health-startup-… options need --health-startup-cmd");
  }
  check_time("StartupInterval", startup.interval);
  check_time("StartupTimeout", startup.timeout);
  if (startup.retries < 0 || startup.successes < 0) {
    throw Error(ErrorKind::invalid_argument, "numbers of a startup healthcheck cannot be negative");
  }
}

void check(const Healthcheck& health) {
  check_time("Interval", health.interval);
  check_time("Timeout", health.timeout);
  check_time("StartPeriod", health.start_period);
  check_time("StartInterval", health.start_interval);
  if (health.startup) check_startup(health);
  if (health.retries < 0) {
    throw Error(ErrorKind::invalid_argument, "Retries in Healthcheck cannot be negative");
  }
  const bool known =
      health.on_failure.empty() || std::find(kActions.begin(), kActions.end(), health.on_failure) != kActions.end();
  if (!known) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("invalid --health-on-failure \"{}\": use none, kill, restart or stop", health.on_failure));
  }
}

void take_missing(Healthcheck& health, const Healthcheck& image) {
  const auto take = [](auto& mine, const auto& theirs) {
    if (mine == std::decay_t<decltype(mine)>{}) mine = theirs;
  };
  take(health.test, image.test);
  take(health.interval, image.interval);
  take(health.timeout, image.timeout);
  take(health.start_period, image.start_period);
  take(health.start_interval, image.start_interval);
  take(health.retries, image.retries);
}

std::vector<std::string> probe_command(const std::vector<std::string>& test, std::vector<std::string> shell) {
  std::vector<std::string> command(test.begin() + 1, test.end());
  if (test[0] != "CMD-SHELL") return command;
  if (shell.empty()) shell = {"/bin/sh", "-c"};
  command.insert(command.begin(), shell.begin(), shell.end());
  return command;
}

}  // namespace

std::optional<Healthcheck> healthcheck_from_image(const Json& document) {
  if (!document.is_object()) return std::nullopt;
  Healthcheck health;
  health.test = json::get_strings(document, "Test");
  health.interval = json::get_int(document, "Interval");
  health.timeout = json::get_int(document, "Timeout");
  health.start_period = json::get_int(document, "StartPeriod");
  health.start_interval = json::get_int(document, "StartInterval");
  health.retries = static_cast<int>(json::get_int(document, "Retries"));
  return health;
}

std::optional<Healthcheck> merge_healthcheck(std::optional<Healthcheck> user, std::optional<Healthcheck> image,
                                             const std::map<std::string, std::string>& labels) {
  std::optional<Healthcheck> result = user ? std::move(user) : image;
  if (!result) return std::nullopt;
  if (image) take_missing(*result, *image);
  if (const auto label = labels.find(kActionLabel); result->on_failure.empty() && label != labels.end()) {
    result->on_failure = label->second;
  }
  check(*result);
  if (!result->is_set() && !result->on_failure.empty() && result->on_failure != "none") {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("cannot set on-failure action to {} without a health check", result->on_failure));
  }
  return result;
}

shim::HealthSettings health_settings(const Healthcheck& check, const std::vector<std::string>& shell) {
  const auto time = [](std::int64_t given, nanoseconds standard) { return given == 0 ? standard : nanoseconds(given); };
  shim::HealthSettings settings;
  if (!check.is_set()) return settings;
  settings.command = probe_command(check.test, shell);
  settings.interval = time(check.interval, seconds(30));
  settings.timeout = time(check.timeout, seconds(30));
  settings.start_period = nanoseconds(check.start_period);
  settings.start_interval = time(check.start_interval, seconds(5));
  if (check.retries > 0) settings.retries = check.retries;
  settings.on_unhealthy = action_of(check.on_failure);
  if (check.startup) {
    settings.startup.command = probe_command(check.startup->test, shell);
    settings.startup.interval = time(check.startup->interval, seconds(30));
    settings.startup.timeout = time(check.startup->timeout, seconds(30));
    settings.startup.retries = check.startup->retries;
    settings.startup.successes = std::max(check.startup->successes, 1);
  }
  return settings;
}

OrderedJson healthcheck_json(const Healthcheck& check) {
  OrderedJson result = OrderedJson::object();
  if (!check.test.empty()) result["Test"] = check.test;
  const std::pair<const char*, std::int64_t> numbers[] = {{"Interval", check.interval},
                                                          {"Timeout", check.timeout},
                                                          {"StartPeriod", check.start_period},
                                                          {"StartInterval", check.start_interval},
                                                          {"Retries", check.retries}};
  for (const auto& [key, value] : numbers) {
    if (value != 0) result[key] = value;
  }
  return result;
}

}  // namespace minidock
