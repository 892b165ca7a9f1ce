#include "engine/shim/health_monitor.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "base/error.h"
#include "base/format.h"
#include "base/process.h"
#include "base/syscall.h"

namespace minidock::shim {
namespace {

constexpr std::size_t kMaxOutput = 4096;  // docker's
constexpr std::size_t kMaxResults = 5;
constexpr int kNotRun = -1;  // exit code of a probe that was killed or could not start

}  // namespace

std::string_view to_string(Health health) {
  switch (health) {
    case Health::healthy:
      return "healthy";
    case Health::unhealthy:
      return "unhealthy";
    case Health::starting:
      break;
  }
  return "starting";
}

HealthMonitor::HealthMonitor(HealthSettings settings, Callbacks callbacks)
    : settings_(std::move(settings)), callbacks_(std::move(callbacks)) {
  const Clock::time_point now = Clock::now();
  start_end_ = now + settings_.start_period;
  deadline_ = now + (starts_up()         ? settings_.startup.interval
                     : in_start_period() ? settings_.start_interval
                                         : settings_.interval);
  callbacks_.report(document(), health_, true);
}

HealthMonitor::~HealthMonitor() { kill_probe(); }

void HealthMonitor::on_time() {
  if (Clock::now() < deadline_) return;
  if (probe_.pid == 0) return start_probe();
  kill_probe();
  finish_probe(kNotRun, fmt::format("Health check exceeded timeout ({})", format::go_duration(timeout().count())));
}

void HealthMonitor::end() {
  kill_probe();
  health_ = Health::unhealthy;
  callbacks_.report(document(), health_, false);
}

void HealthMonitor::start_probe() {
  probe_start_ = format::now_ns();
  output_.clear();
  try {
    probe_ = callbacks_.start(starts_up() ? settings_.startup.command : settings_.command);
    deadline_ = Clock::now() + timeout();
  } catch (const Error& error) {
    finish_probe(kNotRun, error.message());
  }
}

void HealthMonitor::on_output() {
  std::array<char, 1024> buffer;
  const ssize_t got = ::read(probe_.output.get(), buffer.data(), buffer.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return probe_.output.reset();
  // More is read, so that the probe does not wait for ever, and dropped.
  output_.append(buffer.data(), std::min(static_cast<std::size_t>(got), kMaxOutput - output_.size()));
}

void HealthMonitor::on_process_end() {
  while (probe_.output && output_.size() < kMaxOutput) {
    const std::size_t before = output_.size();
    on_output();
    if (output_.size() == before) break;
  }
  const int status = sys::waitpid(probe_.pid);
  probe_ = Probe{};
  finish_probe(process::exit_code(status), std::move(output_));
}

void HealthMonitor::finish_probe(int exit_code, std::string output) {
  results_.push_back(Result{probe_start_, format::now_ns(), exit_code, std::move(output)});
  if (results_.size() > kMaxResults) results_.pop_front();
  output_ = {};
  starts_up() ? count_startup(exit_code) : count(exit_code);
}

// Until it has passed the container is "starting", and no failure counts towards "unhealthy".
void HealthMonitor::count_startup(int exit_code) {
  const StartupProbe& startup = settings_.startup;
  deadline_ = Clock::now() + startup.interval;
  if (exit_code == 0) {
    startup_passed_ = ++startup_successes_ >= startup.successes;
    if (startup_passed_) deadline_ = Clock::now();  // what it waited for is looked at now
  } else {
    startup_successes_ = 0;
    ++startup_failures_;
  }
  callbacks_.report(document(), health_, false);
  if (startup.retries == 0 || startup_failures_ < startup.retries || startup_passed_) return;
  deadline_ = Clock::time_point::max();
  callbacks_.startup_failed();
}

void HealthMonitor::count(int exit_code) {
  const Health before = health_;
  if (exit_code == 0) {
    health_ = Health::healthy;
    failing_streak_ = 0;
  } else if (health_ != Health::starting || !in_start_period()) {
    // A failure while the container starts up counts for nothing.
    if (++failing_streak_ >= settings_.retries) health_ = Health::unhealthy;
  }
  const bool is_early = health_ == Health::starting && in_start_period();
  deadline_ = Clock::now() + (is_early ? settings_.start_interval : settings_.interval);
  callbacks_.report(document(), health_, health_ != before);
}

void HealthMonitor::kill_probe() noexcept {
  if (probe_.pid == 0) return;
  ::kill(probe_.pid, SIGKILL);
  try {
    sys::waitpid(probe_.pid);
  } catch (const SysError&) {
    // It is no child of ours any more: nothing to wait for.
  }
  probe_ = Probe{};
}

Json HealthMonitor::document() const {
  Json log = Json::array();
  for (const Result& result : results_) {
    log.push_back(
        {{"Start", result.start}, {"End", result.end}, {"ExitCode", result.exit_code}, {"Output", result.output}});
  }
  return Json{{"Status", std::string(to_string(health_))}, {"FailingStreak", failing_streak_}, {"Log", log}};
}

}  // namespace minidock::shim
