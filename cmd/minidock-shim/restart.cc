#include "cmd/minidock-shim/restart.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "base/command_descriptors.h"
#include "base/error_report.h"
#include "base/file.h"
#include "base/process.h"
#include "base/syscall.h"

namespace minidock::shim {
namespace {

using Clock = std::chrono::steady_clock;

timespec time_until(Clock::time_point deadline) {
  const auto left = std::max(std::chrono::nanoseconds(0), std::chrono::nanoseconds(deadline - Clock::now()));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
  return timespec{seconds.count(), (left - seconds).count()};
}

// The command finds the namespace on a descriptor, and says on another one what went wrong.
void attach_network(const std::vector<std::string>& command, int netns) {
  if (command.empty()) return;
  Pipe errors = sys::pipe();
  process::SpawnOptions options;
  options.program = command.front();
  options.arguments = command;
  options.fds = {{errors.write.get(), kCommandErrorFd}, {netns, kCommandNetnsFd}};
  const pid_t child = process::spawn(options);
  errors.write.reset();
  const std::string report = file::read(errors.read.get());
  const int code = process::exit_code(sys::waitpid(child));
  if (code == 0) return;
  if (report.empty()) {
    throw Error(ErrorKind::system, fmt::format("attaching the network failed with exit code {}", code));
  }
  throw error_from_report(report, "the report of the network's command");
}

}  // namespace

bool wait_for_restart(const std::string& state_dir, std::chrono::milliseconds delay, KeptPorts& ports) {
  const Clock::time_point deadline = Clock::now() + delay;
  sigset_t wake;
  sigset_t before;
  sigemptyset(&wake);
  sigaddset(&wake, SIGTERM);
  sigprocmask(SIG_BLOCK, &wake, &before);
  bool stopped = false;
  // Blocked first, looked second: a request that comes in between wakes the wait.
  while (!(stopped = is_stop_requested(state_dir)) && Clock::now() < deadline) {
    const timespec left = time_until(deadline);
    pollfd request{ports.fd(), POLLIN, 0};
    if (::ppoll(&request, 1, &left, &before) > 0) ports.serve();
  }
  sigprocmask(SIG_SETMASK, &before, nullptr);
  return !stopped;
}

std::unique_ptr<RunningContainer> start_again(const ShimConfig& config, int restart_count) {
  CreatedContainer created(config);
  created.prepare();
  attach_network(config.network_command, created.netns());
  return std::make_unique<RunningContainer>(std::move(created), restart_count);
}

}  // namespace minidock::shim
