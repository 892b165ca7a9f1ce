#include "engine/shim/restart_policy.h"

#include <algorithm>

namespace minidock::shim {
namespace {

constexpr std::chrono::milliseconds kFirstDelay{100};
constexpr std::chrono::milliseconds kLongestDelay{60'000};
// After a run as long as this the next failure is a first one again.
constexpr std::chrono::seconds kGoodRun{10};

bool wants_restart(const RestartSettings& settings, const EndOfRun& end, int restarts) {
  if (end.stop_requested) return false;
  if (end.restart_wanted || settings.policy == "always" || settings.policy == "unless-stopped") return true;
  if (settings.policy != "on-failure" || end.exit_code == 0) return false;
  return settings.maximum_retries == 0 || restarts < settings.maximum_retries;
}

}  // namespace

Json to_json(const RestartSettings& settings) {
  return Json{{"policy", settings.policy}, {"maximum_retries", settings.maximum_retries}};
}

RestartSettings restart_settings_from_json(const Json& document) {
  RestartSettings settings;
  settings.policy = json::get_string(document, "policy", settings.policy);
  settings.maximum_retries = static_cast<int>(json::get_int(document, "maximum_retries"));
  return settings;
}

std::optional<std::chrono::milliseconds> RestartBackoff::next(const RestartSettings& settings, const EndOfRun& end) {
  if (end.duration >= kGoodRun) delay_ = std::chrono::milliseconds(0);
  delay_ = delay_.count() == 0 ? kFirstDelay : std::min(delay_ * 2, kLongestDelay);
  if (!wants_restart(settings, end, count_)) return std::nullopt;
  ++count_;
  return delay_;
}

}  // namespace minidock::shim
