// When a container is probed, and what becomes of the results: with probes that end as the test says.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <deque>

#include "base/syscall.h"
#include "engine/shim/health_monitor.h"

namespace minidock::shim {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

class HealthMonitoring : public testing::Test {
 protected:
  HealthMonitoring() {
    settings.command = {"probe"};
    settings.interval = milliseconds(1);
    settings.timeout = std::chrono::seconds(10);
    settings.retries = 2;
  }

  // As many probes as there are exit codes.
  void run(std::deque<int> exit_codes) {
    HealthMonitor::Callbacks callbacks;
    callbacks.start = [&](const std::vector<std::string>& command) {
      seen.push_back(command.at(0));
      const int code = exit_codes.front();
      exit_codes.pop_front();
      Probe probe;
      probe.pid = fork();
      if (probe.pid == 0) _exit(code);
      probe.pidfd = sys::pidfd_open(probe.pid);
      return probe;
    };
    callbacks.report = [&](const Json&, Health health, bool changed) {
      if (changed) seen.emplace_back(to_string(health));
    };
    callbacks.startup_failed = [&] { seen.emplace_back("restart"); };
    HealthMonitor monitor(settings, callbacks);
    while (!exit_codes.empty() && monitor.deadline() != HealthMonitor::Clock::time_point::max()) {
      usleep(1500);
      monitor.on_time();
      if (monitor.process_fd() < 0) continue;
      pollfd waited{monitor.process_fd(), POLLIN, 0};
      poll(&waited, 1, -1);
      monitor.on_process_end();
    }
  }

  HealthSettings settings;
  std::vector<std::string> seen;
};

TEST_F(HealthMonitoring, CountsFailuresInARow) {
  run({1, 0, 1, 1, 0});
  EXPECT_THAT(seen,
              ElementsAre("starting", "probe", "probe", "healthy", "probe", "probe", "unhealthy", "probe", "healthy"));
}

TEST_F(HealthMonitoring, StartupGoesBeforeTheProbesProper) {
  settings.startup = {{"startup"}, milliseconds(1), std::chrono::seconds(10), 0, 2};
  run({1, 1, 1, 0, 1, 0, 0, 0});
  // A failure in between: two successes have to follow each other.
  EXPECT_THAT(seen, ElementsAre("starting", "startup", "startup", "startup", "startup", "startup", "startup", "startup",
                                "probe", "healthy"));
}

TEST_F(HealthMonitoring, StartupGivesUpAfterItsRetries) {
  settings.startup = {{"startup"}, milliseconds(1), std::chrono::seconds(10), 2, 1};
  run({1, 1, 0, 0});
  EXPECT_THAT(seen, ElementsAre("starting", "startup", "startup", "restart"));
}

TEST_F(HealthMonitoring, SettingsSurviveTheirDocument) {
  settings.startup = {{"a", "b"}, milliseconds(3), milliseconds(4), 5, 6};
  const HealthSettings read = health_settings_from_json(to_json(settings));
  EXPECT_EQ(read.startup.command, settings.startup.command);
  EXPECT_EQ(read.startup.interval, milliseconds(3));
  EXPECT_EQ(read.startup.timeout, milliseconds(4));
  EXPECT_EQ(read.startup.retries, 5);
  EXPECT_EQ(read.startup.successes, 6);
  EXPECT_EQ(read.command, settings.command);
}

}  // namespace
}  // namespace minidock::shim
