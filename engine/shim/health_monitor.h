// The probes of a running container, one after the other, beside the shim's loop: nothing here blocks but the start of
// a probe, which takes as long as an exec.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <deque>
#include <functional>
#include <string>

#include "base/fd.h"
#include "base/json.h"
#include "engine/shim/health_settings.h"

namespace minidock::shim {

enum class Health { starting, healthy, unhealthy };
std::string_view to_string(Health health);

// A probe on its way: its process is a child of the caller.
struct Probe {
  pid_t pid = 0;
  Fd pidfd;
  Fd output;  // read end, non-blocking
};

class HealthMonitor {
 public:
  using Clock = std::chrono::steady_clock;
  struct Callbacks {
    // Starts `command` inside the container. Throws Error when it cannot.
    std::function<Probe(const std::vector<std::string>& command)> start;
    // `report` is docker's State.Health; after each probe. `changed`: the status is another one than before.
    std::function<void(const Json& report, Health health, bool changed)> report;
    // The startup probe has failed too often: the container is to be started again. Nothing is probed from then on.
    std::function<void()> startup_failed;
  };

  // The first probe comes one interval after now.
  HealthMonitor(HealthSettings settings, Callbacks callbacks);
  HealthMonitor(const HealthMonitor&) = delete;
  HealthMonitor& operator=(const HealthMonitor&) = delete;
  ~HealthMonitor();

  // The container has ended: from here on it is unhealthy, as in docker, without that being news.
  void end();

  // When on_time() is to be called next.
  Clock::time_point deadline() const { return deadline_; }
  void on_time();

  // Descriptors to wait for; -1 for none.
  int output_fd() const { return probe_.output.get(); }
  int process_fd() const { return probe_.pidfd.get(); }
  void on_output();
  void on_process_end();

 private:
  struct Result {
    std::int64_t start = 0;  // ns since the epoch
    std::int64_t end = 0;
    int exit_code = 0;
    std::string output;
  };

  void start_probe();
  void finish_probe(int exit_code, std::string output);
  void count_startup(int exit_code);
  void count(int exit_code);
  bool starts_up() const { return !settings_.startup.command.empty() && !startup_passed_; }
  std::chrono::nanoseconds timeout() const { return starts_up() ? settings_.startup.timeout : settings_.timeout; }
  void kill_probe() noexcept;
  bool in_start_period() const { return Clock::now() < start_end_; }
  Json document() const;

  HealthSettings settings_;
  Callbacks callbacks_;
  Clock::time_point start_end_;
  Clock::time_point deadline_;  // of the next probe, or of the one on its way
  Probe probe_;
  std::string output_;
  std::int64_t probe_start_ = 0;
  Health health_ = Health::starting;
  int failing_streak_ = 0;
  bool startup_passed_ = false;
  int startup_successes_ = 0;
  int startup_failures_ = 0;
  std::deque<Result> results_;
};

}  // namespace minidock::shim
