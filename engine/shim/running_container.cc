#include "engine/shim/running_container.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <optional>
#include <utility>

#include "base/file.h"
#include "base/format.h"
#include "base/json.h"
#include "base/syscall.h"
#include "engine/shim/name_service.h"
#include "engine/shim/out_of_memory.h"
#include "engine/shim/probe_process.h"
#include "engine/shim/scope_keeper.h"

namespace minidock::shim {

// ---- created

CreatedContainer::Streams CreatedContainer::Streams::open(const ShimConfig& config) {
  Streams streams;
  if (config.spec.process.terminal) return streams;
  if (config.open_stdin) {
    streams.in = sys::pipe();
  } else {
    streams.null = sys::open("/dev/null", O_RDONLY);
  }
  streams.out = sys::pipe();
  streams.err = sys::pipe();
  return streams;
}

runtime::StandardStreams CreatedContainer::Streams::inside(const runtime::PreservedDescriptors& preserved) const {
  return {in.read ? in.read.get() : null.get(), out.write.get(), err.write.get(), preserved};
}

namespace {

runtime::ContainerProcess clone_into_cgroup(const ShimConfig& config, const runtime::StandardStreams& streams) {
  const ScopeKeeper keeper(config.scope_command);
  return runtime::ContainerProcess::clone(config.spec, streams);
}

}  // namespace

CreatedContainer::CreatedContainer(const ShimConfig& config, const runtime::PreservedDescriptors& preserved)
    : config_(config),
      streams_(Streams::open(config)),
      process_(clone_into_cgroup(config, streams_.inside(preserved))),
      netns_(sys::open(fmt::format("/proc/{}/ns/net", process_.pid()), O_RDONLY)),
      state_directory_(config.state_dir) {}

void CreatedContainer::prepare() {
  process_.prepare();
  log_ = ContainerLog::open(config_.log);
  listener_ = state_directory_.listen();
  netns_link_ = make_netns_link(config_.netns_link, process_.pid());
  name_server_ = open_name_server(config_.name_service, netns_.get());
  // An exit record is always that of the last run.
  sys::unlinkat_if_present(AT_FDCWD, config_.container_dir + "/exit.json", 0);
}

bool CreatedContainer::wait_for_network(int start_channel) {
  std::array<pollfd, 2> waited{{{start_channel, POLLIN, 0}, {process_.pidfd(), POLLIN, 0}}};
  while (::poll(waited.data(), waited.size(), -1) < 0) {
    if (errno != EINTR) throw SysError("poll(start channel, pidfd)");
  }
  if (waited[0].revents == 0) {
    // The child ended while it built its root file system: its own error says more than the command's failure to reach
    // its network.
    process_.wait_until_started();
    throw Error(ErrorKind::internal, "the container's first process ended before it was let go");
  }
  const std::optional<StartMessage> message = receive(start_channel);
  if (!message) return false;
  if (!std::holds_alternative<NetworkReady>(*message)) {
    throw Error(ErrorKind::internal, fmt::format("expected \"network_ready\", got message {}", message->index()));
  }
  return true;
}

// ---- running

namespace {

bool has_own_pid_namespace(const runtime::Spec& spec) {
  return std::any_of(spec.namespaces.begin(), spec.namespaces.end(),
                     [](const runtime::Namespace& ns) { return ns.type == "pid" && ns.path.empty(); });
}

}  // namespace

RunningContainer::RunningContainer(CreatedContainer created, int restart_count)
    : container_dir_(created.config_.container_dir),
      state_dir_(created.config_.state_dir),
      cgroups_path_(created.config_.spec.cgroups_path),
      events_(created.config_),
      process_(std::move(created.process_)),
      state_directory_(std::move(created.state_directory_)),
      netns_link_(std::move(created.netns_link_)),
      stop_signal_(created.config_.stop_signal),
      stop_timeout_(created.config_.stop_timeout) {
  const ShimConfig& config = created.config_;
  // From the state file on others may enter the container.
  process_->wait_until_built();
  state_.shim = process::self();
  state_.init = {process_->pid(), process::start_time_of(process_->pid()).value_or(0)};
  state_.started_at = format::now_ns();
  state_.restart_count = restart_count;
  state_directory_.write_state(state_);
  // Only one container has a name: what another has left there is stale.
  name_link_ = OwnedLink::create(config.name_link, config.id, /*replaces=*/true);

  // ---- from here the program runs, or the owners above remove everything again
  process_->let_go();
  Fd terminal = process_->wait_until_started();
  try {
    if (!config.pid_file.empty()) file::replace(config.pid_file, fmt::format("{}", process_->pid()), 0644);
    supervise(config, created.streams_, std::move(terminal), std::move(created.log_), std::move(created.listener_));
    supervisor_->serve_names(std::move(created.name_server_));
    if (!config.health.command.empty()) monitor(config);
    events_.record("start");
  } catch (const Error&) {
    kill_and_reap();
    throw;
  }
}

void RunningContainer::supervise(const ShimConfig& config, CreatedContainer::Streams& streams, Fd terminal,
                                 ContainerLog log, Fd listener) {
  Supervised supervised;
  supervised.pid = process_->pid();
  supervised.pidfd = process_->pidfd();
  supervised.terminal = std::move(terminal);
  supervised.in = std::move(streams.in.write);
  supervised.out = std::move(streams.out.read);
  supervised.err = std::move(streams.err.read);
  supervised.take_terminal_input = config.open_stdin;
  supervised.stdin_once = config.stdin_once;
  if (!has_own_pid_namespace(config.spec)) {
    supervised.kill_rest = [this] { runtime::kill_cgroup(cgroups_path_); };
  }
  supervisor_ = std::make_unique<Supervisor>(std::move(supervised), std::move(log));
  supervisor_->listen(std::move(listener));
  if (!config.firewall_command.empty()) {
    supervisor_->watch_firewall(
        std::make_unique<FirewallWatch>(config.firewall_table, config.state_root, config.firewall_command));
  }
  if (config.timeout > 0) supervisor_->kill_after(std::chrono::seconds(config.timeout));
}

void RunningContainer::monitor(const ShimConfig& config) {
  const OnUnhealthy action = config.health.on_unhealthy;
  HealthMonitor::Callbacks callbacks;
  callbacks.start = [this](const std::vector<std::string>& command) {
    return start_probe(container_dir_, state_.init, command);
  };
  callbacks.report = [this, action](const Json& report, Health health, bool changed) {
    try {
      write_health(state_dir_, report);
    } catch (const SysError&) {
      // A full disk: `inspect` shows an old report, the container goes on.
    }
    if (changed && health != Health::starting) events_.record(fmt::format("health_status: {}", to_string(health)));
    if (changed && health == Health::unhealthy) act_on_unhealthy(action);
  };
  callbacks.startup_failed = [this] { act_on_unhealthy(OnUnhealthy::restart); };
  supervisor_->monitor(std::make_unique<HealthMonitor>(config.health, std::move(callbacks)));
}

void RunningContainer::act_on_unhealthy(OnUnhealthy action) {
  if (action == OnUnhealthy::nothing) return;
  if (action == OnUnhealthy::kill) {
    sys::pidfd_signal_if_alive(process_->pidfd(), SIGKILL);
    return;
  }
  restart_wanted_ = action == OnUnhealthy::restart;
  if (action == OnUnhealthy::stop) request_stop(state_dir_, StopReason::user);
  sys::pidfd_signal_if_alive(process_->pidfd(), stop_signal_);
  if (stop_timeout_ >= 0) supervisor_->kill_after(std::chrono::seconds(stop_timeout_));
}

RunningContainer::~RunningContainer() {
  if (!reaped_) kill_and_reap();
}

void RunningContainer::kill_and_reap() noexcept {
  try {
    sys::pidfd_signal_if_alive(process_->pidfd(), SIGKILL);
    sys::waitpid(process_->pid());
    runtime::remove_cgroup(cgroups_path_);
  } catch (const Error&) {
    // The kernel kills the container when this process ends (PR_SET_PDEATHSIG); the next command repairs the rest.
  }
}

// The order of the end. This process, and the command that started it, may be killed between any two lines, and whoever
// comes next must find the truth:
//
//  1. exit.json is written (in one rename) before anything is removed. Killed before: state.json names processes that
//     are dead, so the container was killed along with its shim. Killed after: the record counts, whatever else lies
//     about.
//  2. attach.sock goes: who connects from here on is told that the container is not running.
//  3. /run/netns/<name>, names/<name> and the cgroup go, each of which can be removed again by the next command: it
//     finds them through state.json, which therefore goes last.
//  4. Then the kept descriptors are closed (ports, and whatever lock the engine passed on), and only then is anybody
//     told: the clean-up that follows finds all of it free.
//
// The command that started the container may be killed at any time, too: its channels end, nothing here waits for it
// for longer than seconds, and what it was to remove is removed by the clean-up command.
ExitRecord RunningContainer::describe(const Ending& ending) {
  reaped_ = true;
  ExitRecord record;
  record.exit_code = ending.exit_code;
  record.oom_killed = was_oom_killed(cgroups_path_);
  record.started_at = state_.started_at;
  record.finished_at = ending.finished_at;
  record.restart_count = state_.restart_count;
  record.stopped_by_user = is_stopped_by_user(state_dir_);
  if (record.oom_killed) events_.record("oom");
  events_.record("die", {{"exitCode", std::to_string(record.exit_code)}});
  return record;
}

EndOfRun RunningContainer::end_of_run(const Ending& ending) const {
  EndOfRun end;
  end.exit_code = ending.exit_code;
  end.stop_requested = is_stop_requested(state_dir_);
  end.restart_wanted = restart_wanted_;
  end.duration = std::chrono::nanoseconds(ending.finished_at - state_.started_at);
  return end;
}

void write_exit_record(const std::string& container_dir, const ExitRecord& record) {
  file::replace(container_dir + "/exit.json", json::dump(to_json(record)), 0600);
}

void RunningContainer::write(const ExitRecord& record) {
  try {
    write_exit_record(container_dir_, record);
    recorded_ = true;
  } catch (const SysError&) {
    // The command that is attached hears the code all the same.
  }
}

void RunningContainer::remove_what_was_made() {
  state_directory_.remove_socket();
  netns_link_.remove();
  name_link_.remove();
  runtime::remove_cgroup(cgroups_path_);
  process_.reset();
}

void RunningContainer::remove_remains() {
  remove_what_was_made();
  state_directory_.leave(recorded_);
}

void RunningContainer::leave_for_restart(const ExitRecord& record) {
  RunningState state = state_;
  state.init = {};
  state.restarting = true;
  state.exit_code = record.exit_code;
  state.oom_killed = record.oom_killed;
  state.finished_at = record.finished_at;
  state_directory_.write_state(state);
  remove_what_was_made();
  state_directory_.leave(false);
}

}  // namespace minidock::shim
