// --health-…, --health-startup-… and --no-healthcheck of run and create.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "engine/definition.h"

namespace minidock::cmd {

class HealthFlags {
 public:
  // The flags write into this object, which must not move any more.
  void add_to(CLI::App& app);
  // Nothing when none was given: then the image decides. Throws UsageError.
  std::optional<Healthcheck> understand() const;

 private:
  std::optional<StartupHealthcheck> understand_startup() const;

  std::string command_, interval_, timeout_, start_period_, start_interval_, on_failure_;
  std::string startup_command_, startup_interval_, startup_timeout_;
  int retries_ = 0, startup_retries_ = 0, startup_successes_ = 0;
  bool none_ = false;
};

}  // namespace minidock::cmd
