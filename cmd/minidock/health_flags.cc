#include "cmd/minidock/health_flags.h"

#include <fmt/format.h>

#include "base/format.h"
#include "cmd/minidock/checked_value.h"

namespace minidock::cmd {
namespace {

std::int64_t duration(const char* flag, const std::string& text) {
  if (text.empty()) return 0;
  const std::int64_t value = checked(flag, text, format::parse_duration);
  if (value < 0) throw UsageError(fmt::format("{} cannot be negative", flag));
  return value;
}

int count(const char* flag, int value) {
  if (value < 0) throw UsageError(fmt::format("{} cannot be negative", flag));
  return value;
}

}  // namespace

void HealthFlags::add_to(CLI::App& app) {
  app.add_option("--health-cmd", command_, "Command to run to check health");
  app.add_option("--health-interval", interval_, "Time between running the check (default 30s)");
  app.add_option("--health-timeout", timeout_, "Maximum time to allow one check to run (default 30s)");
  app.add_option("--health-retries", retries_, "Consecutive failures needed to report unhealthy (default 3)");
  app.add_option("--health-start-period", start_period_,
                 "Start period for the container to initialize before failures count");
  app.add_option("--health-start-interval", start_interval_,
                 "Time between running the check during the start period (default 5s)");
  app.add_option("--health-on-failure", on_failure_,
                 "What happens to an unhealthy container (none, kill, restart, stop)");
  app.add_option("--health-startup-cmd", startup_command_,
                 "Command that has to succeed before the health check proper begins");
  app.add_option("--health-startup-interval", startup_interval_, "Time between running it (default 30s)");
  app.add_option("--health-startup-timeout", startup_timeout_, "Maximum time to allow it to run (default 30s)");
  app.add_option("--health-startup-retries", startup_retries_,
                 "Failures until the container is restarted (default 0: never)");
  app.add_option("--health-startup-success", startup_successes_, "Consecutive successes needed (default 1)");
  app.add_flag("--no-healthcheck", none_, "Disable any container-specified HEALTHCHECK");
}

std::optional<StartupHealthcheck> HealthFlags::understand_startup() const {
  StartupHealthcheck startup;
  if (!startup_command_.empty()) startup.test = {"CMD-SHELL", startup_command_};
  startup.interval = duration("--health-startup-interval", startup_interval_);
  startup.timeout = duration("--health-startup-timeout", startup_timeout_);
  startup.retries = count("--health-startup-retries", startup_retries_);
  startup.successes = count("--health-startup-success", startup_successes_);
  const bool any = !startup.test.empty() || startup.interval != 0 || startup.timeout != 0 || startup.retries != 0 ||
                   startup.successes != 0;
  return any ? std::optional(startup) : std::nullopt;
}

std::optional<Healthcheck> HealthFlags::understand() const {
  Healthcheck check;
  if (!command_.empty()) check.test = {"CMD-SHELL", command_};
  check.interval = duration("--health-interval", interval_);
  check.timeout = duration("--health-timeout", timeout_);
  check.start_period = duration("--health-start-period", start_period_);
  check.start_interval = duration("--health-start-interval", start_interval_);
  check.retries = count("--health-retries", retries_);
  check.on_failure = on_failure_;
  check.startup = understand_startup();
  const bool any = !check.test.empty() || check.interval != 0 || check.timeout != 0 || check.start_period != 0 ||
                   check.start_interval != 0 || check.retries != 0 || check.startup;
  if (none_) {
    if (any) throw UsageError("--no-healthcheck conflicts with --health-* options");
    check.test = {"NONE"};
  }
  return any || none_ || !on_failure_.empty() ? std::optional(check) : std::nullopt;
}

}  // namespace minidock::cmd
