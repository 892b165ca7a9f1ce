#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sys/prctl.h>

#include "base/error_report.h"
#include "base/file.h"
#include "base/path.h"
#include "base/random.h"
#include "base/syscall.h"
#include "engine/capabilities.h"
#include "engine/engine.h"
#include "engine/exec_guard.h"
#include "engine/exec_keeper.h"
#include "engine/exec_records.h"
#include "engine/option_parsers.h"
#include "engine/runtime/exec_process.h"
#include "engine/runtime/freezer.h"
#include "engine/shim/container_events.h"
#include "engine/shim/protocol.h"
#include "engine/spec_builder.h"

namespace minidock {
namespace {

// Inside a container whose root is the host's, the executable that enters must not be the host's writable file
// (CVE-2019-5736): this command starts itself again from a read-only mount of it.
void enter_from_read_only_executable(const runtime::Spec& spec) {
  const auto& namespaces = spec.namespaces;
  const bool remapped =
      std::any_of(namespaces.begin(), namespaces.end(), [](const runtime::Namespace& ns) { return ns.type == "user"; });
  struct statvfs info {};
  if (remapped || ::statvfs("/proc/self/exe", &info) != 0 || (info.f_flag & ST_RDONLY) != 0) return;
  std::string text = file::read("/proc/self/cmdline");
  std::vector<char*> argv;
  for (std::size_t start = 0; start < text.size(); start = text.find('\0', start) + 1) argv.push_back(&text[start]);
  argv.push_back(nullptr);
  const Fd program = process::open_read_only_executable("/proc/self/exe");
  ::execveat(program.get(), "", argv.data(), environ, AT_EMPTY_PATH);
  throw SysError("cannot start from a read-only executable");
}

runtime::Process exec_process(const runtime::Spec& spec, const ExecOptions& options) {
  runtime::Process process = spec.process;
  process.args = options.command;
  process.env = merge_environment(process.env, options.env);
  // A detached process has nobody to hold its terminal: it gets none.
  process.terminal = options.tty && !options.detach;
  if (options.tty) process.env = merge_environment({"TERM=xterm"}, process.env);
  if (!options.user.empty()) process.user = options.user;
  if (!options.working_dir.empty()) {
    if (!options.working_dir.starts_with('/')) {
      throw Error(ErrorKind::command_not_executable,
                  fmt::format("Cwd must be an absolute path: {}", options.working_dir));
    }
    process.cwd = path::clean_absolute(options.working_dir);
  }
  if (options.privileged) {
    const std::vector<std::string> all = effective_capabilities(true, {}, {});
    process.capabilities.bounding = all;
    process.capabilities.effective = all;
    process.capabilities.permitted = all;
  }
  if (process.terminal) {
    const streams::WindowSize size = streams::window_size();
    process.console_rows = size.rows;
    process.console_columns = size.columns;
  }
  return process;
}

struct Wiring {
  runtime::StandardStreams child;
  Fd child_in, child_out, child_err;  // the child's ends, closed here once it has them
  streams::ChildStreams ours;
};

Wiring connect(const ExecOptions& options) {
  Wiring wiring;
  if (options.tty) return wiring;
  if (options.interactive) {
    Pipe in = sys::pipe();
    wiring.child_in = std::move(in.read);
    wiring.ours.in = std::move(in.write);
  } else {
    wiring.child_in = sys::open("/dev/null", O_RDONLY);
  }
  Pipe out = sys::pipe();
  Pipe err = sys::pipe();
  wiring.child_out = std::move(out.write);
  wiring.child_err = std::move(err.write);
  wiring.ours.out = std::move(out.read);
  wiring.ours.err = std::move(err.read);
  wiring.child = {wiring.child_in.get(), wiring.child_out.get(), wiring.child_err.get(), {}};
  return wiring;
}

// What one exec is to others: its id, its events, its record.
struct Session {
  const storage::Instance& instance;
  const shim::ShimConfig& container;
  std::string id = random::object_id();
  shim::ContainerEvents events{container};

  void tell_begin(const std::vector<std::string>& command) const {
    // docker puts a blank behind the program also when no arguments follow.
    const std::string line = fmt::format("{} {}", command.front(), fmt::join(command.begin() + 1, command.end(), " "));
    events.record("exec_create: " + line, {{"execID", id}});
    events.record("exec_start: " + line, {{"execID", id}});
  }
  void tell_end(int exit_code) const {
    events.record("exec_die", {{"execID", id}, {"exitCode", std::to_string(exit_code)}});
  }
  ExecRecord record(pid_t pid) const { return {id, {pid, process::start_time_of(pid).value_or(0)}}; }
};

// What docker's events say of a program that could not be started.
int code_of_failed_start(const Error& error) { return error.kind() == ErrorKind::command_not_found ? 127 : 126; }

runtime::ExecProcess start(const Session& session, const ProcessId& container, const runtime::Process& process,
                           const runtime::StandardStreams& streams, int cgroup) {
  session.tell_begin(process.args);
  try {
    return runtime::exec_in_container(session.container.spec, container, process, streams, cgroup);
  } catch (const Error& error) {
    session.tell_end(code_of_failed_start(error));
    if (error.kind() == ErrorKind::command_not_found || error.kind() == ErrorKind::conflict) throw;
    // Whatever else kept it from running (no such user, no such directory): to docker's users it could not be executed.
    throw Error(ErrorKind::command_not_executable, error.message(), error.error_number());
  }
}

// Runs in the process that stays: starts the program, says how that went by `report` (closed empty: it runs), and reaps
// it. Without a parent that does, the container's end would wait for the host's init to reap it.
[[noreturn]] void keep_detached(const Session& session, const ProcessId& container, const runtime::Process& process,
                                int preserved_fds, Fd report) {
  try {
    sys::setsid();
    const Fd null = sys::open("/dev/null", O_RDWR);
    const runtime::ExecProcess child = start(
        session, container, process, {null.get(), null.get(), null.get(), {STDERR_FILENO + 1, preserved_fds}}, -1);
    for (int i = 0; i < preserved_fds; ++i) ::close(STDERR_FILENO + 1 + i);
    const OwnedExecRecord record(session.instance, session.container.id, session.record(child.pid));
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null.get(), stream);
    report.reset();
    session.tell_end(process::exit_code(sys::waitpid(child.pid)));
  } catch (const Error& error) {
    const std::string text = error_report(error);
    _exit(report && ::write(report.get(), text.data(), text.size()) < 0 ? 2 : 1);
  }
  _exit(0);
}

void exec_detached(const Session& session, const ProcessId& container, const runtime::Process& process,
                   int preserved_fds) {
  Pipe report = sys::pipe();
  const pid_t keeper = ::fork();
  if (keeper < 0) throw SysError("fork");
  if (keeper == 0) {
    report.read.reset();
    keep_detached(session, container, process, preserved_fds, std::move(report.write));
  }
  report.write.reset();
  const std::string text = file::read(report.read.get());
  if (!text.empty()) throw error_from_report(text, "the report of a detached exec");
}

// Below the container's. That is named in the document, or else (a systemd scope) found by its main process.
std::string own_cgroup_path(const Session& session, pid_t container) {
  std::string parent = session.container.spec.cgroups_path;
  if (!parent.starts_with('/')) {
    const std::string memberships = "\n" + file::read(fmt::format("/proc/{}/cgroup", container));
    const std::size_t line = memberships.find("\n0::/");
    if (line == std::string::npos) {
      throw Error(ErrorKind::unsupported, "--kill-on-disconnect needs cgroup v2, which this kernel does not have");
    }
    const std::size_t start = line + 4;
    parent = memberships.substr(start, memberships.find('\n', start) - start);
  }
  return fmt::format("{}/exec-{}", parent, session.id);
}

// --kill-on-disconnect: a cgroup of the exec's own below the container's, and who kills it.
struct KillGroup {
  explicit KillGroup(const std::string& path) : cgroup(runtime::open_or_make_cgroup(path)), guard(path) {}
  Fd cgroup;
  ExecGuard guard;
};

// Nothing when the user left by the detach keys.
std::optional<int> exec_attached(const Session& session, const ProcessId& container, const runtime::Process& process,
                                 const ExecOptions& options, const streams::ClientOptions& client) {
  std::optional<KillGroup> group;
  if (options.kill_on_disconnect) group.emplace(own_cgroup_path(session, container.pid));
  Wiring wiring = connect(options);
  wiring.child.preserved.count = options.preserved_fds;
  runtime::ExecProcess child = start(session, container, process, wiring.child, group ? group->cgroup.get() : -1);
  OwnedExecRecord record(session.instance, session.container.id, session.record(child.pid));
  wiring.child_in.reset();
  wiring.child_out.reset();
  wiring.child_err.reset();
  // Held on, should the client leave by its detach keys: a terminal without a master hangs up.
  const Fd terminal = child.terminal ? sys::dup_cloexec(child.terminal.get()) : Fd();
  wiring.ours.terminal = std::move(child.terminal);

  const streams::Result result = streams::relay_child(std::move(wiring.ours), child.pidfd.get(), client);
  if (result.ending == streams::Ending::detached) {
    if (group) group->guard.release();
    leave_to_keeper(terminal.get(), child.pidfd.get(), [&] {
      record.remove();
      session.events.record("exec_die", {{"execID", session.id}});  // its code is the client's to know, which is gone
    });
    record.release();
    return std::nullopt;
  }
  const int code = process::exit_code(sys::waitpid(child.pid));
  session.tell_end(code);
  return code;
}

}  // namespace

// The database is asked only about what does not run, or is named by the beginning of its id.
RunningContainer Engine::running_container(const std::string& name) {
  if (std::optional<RunningContainer> running = find_running_container(instance_, name)) return std::move(*running);
  const Container found = resolve(name);
  if (found.restarting()) {
    throw Error(ErrorKind::conflict,
                fmt::format("Container {} is restarting, wait until the container is running", found.id()));
  }
  if (!found.running()) {
    throw Error(ErrorKind::conflict, fmt::format("Container {} is not running", found.id()));
  }
  return RunningContainer{found.id(), found.state.running.init};
}

std::optional<int> Engine::exec(const ExecOptions& options) {
  streams::ClientOptions client;
  client.forward_stdin = options.interactive;
  client.terminal = options.tty && !options.detach;
  client.proxy_signals = options.proxy_signals || options.kill_on_disconnect;
  if (options.detach && options.kill_on_disconnect) {
    throw Error(ErrorKind::invalid_argument, "Conflicting options: --detach and --kill-on-disconnect");
  }
  client.set_detach_keys(options.detach_keys);

  const RunningContainer found = running_container(options.container);
  const shim::ShimConfig config = shim::read_config(instance_.container_dir(found.id));
  if (runtime::is_frozen(config.spec.cgroups_path)) {
    throw Error(ErrorKind::conflict,
                fmt::format("Container {} is paused, unpause the container before exec", options.container));
  }
  database_.reset();  // nothing of ours may be open across the exec below
  enter_from_read_only_executable(config.spec);

  // The process that enters the container must not be open to it (rule R5).
  sys::prctl("PR_SET_DUMPABLE", PR_SET_DUMPABLE, 0);
  const runtime::Process process = exec_process(config.spec, options);
  const Session session{instance_, config};
  if (!options.detach) return exec_attached(session, found.init, process, options, client);
  exec_detached(session, found.init, process, options.preserved_fds);
  return 0;
}

void Engine::kill_exec(const std::string& id, const std::string& signal) {
  const int number = options::parse_signal(signal.empty() ? "SIGKILL" : signal);
  const ExecRecord record = find_exec(instance_, id);
  const Fd process = process::open_exact(record.process);
  if (process && sys::pidfd_signal_if_alive(process.get(), number)) return;
  throw Error(ErrorKind::conflict, fmt::format("Cannot kill exec instance: {}: it has ended", id));
}

}  // namespace minidock
