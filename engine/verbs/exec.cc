#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sys/prctl.h>

#include "base/error_report.h"
#include "base/file.h"
#include "base/path.h"
#include "base/syscall.h"
#include "engine/capabilities.h"
#include "engine/engine.h"
#include "engine/runtime/exec_process.h"
#include "engine/runtime/freezer.h"
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
      throw Error(ErrorKind::invalid_argument, fmt::format("Cwd must be an absolute path: {}", options.working_dir));
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
  wiring.child = {wiring.child_in.get(), wiring.child_out.get(), wiring.child_err.get()};
  return wiring;
}

// Runs in the process that stays: starts the program, says how that went by `report` (closed empty: it runs), and reaps
// it. Without a parent that does, the container's end would wait for the host's init to reap it.
[[noreturn]] void keep_detached(const runtime::Spec& spec, const ProcessId& container, const runtime::Process& process,
                                Fd report) {
  try {
    sys::setsid();
    const Fd null = sys::open("/dev/null", O_RDWR);
    const runtime::ExecProcess child =
        runtime::exec_in_container(spec, container, process, {null.get(), null.get(), null.get()});
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null.get(), stream);
    report.reset();
    sys::waitpid(child.pid);
    _exit(0);
  } catch (const Error& error) {
    const std::string text = error_report(error);
    if (::write(report.get(), text.data(), text.size()) < 0) _exit(2);
  }
  _exit(1);
}

void exec_detached(const runtime::Spec& spec, const ProcessId& container, const runtime::Process& process) {
  Pipe report = sys::pipe();
  const pid_t keeper = ::fork();
  if (keeper < 0) throw SysError("fork");
  if (keeper == 0) {
    report.read.reset();
    keep_detached(spec, container, process, std::move(report.write));
  }
  report.write.reset();
  const std::string text = file::read(report.read.get());
  if (!text.empty()) throw error_from_report(text, "the report of a detached exec");
}

}  // namespace

// The database is asked only about what does not run, or is named by the beginning of its id.
RunningContainer Engine::running_container(const std::string& name) {
  if (std::optional<RunningContainer> running = find_running_container(instance_, name)) return std::move(*running);
  const Container found = resolve(name);
  if (!found.running()) {
    throw Error(ErrorKind::conflict, fmt::format("Container {} is not running", found.id()));
  }
  return RunningContainer{found.id(), found.state.running.init};
}

int Engine::exec(const ExecOptions& options) {
  streams::ClientOptions client;
  client.forward_stdin = options.interactive;
  client.terminal = options.tty && !options.detach;
  client.proxy_signals = false;
  if (!options.detach_keys.empty()) client.detach_keys = options.detach_keys;
  streams::parse_detach_keys(client.detach_keys);

  const RunningContainer found = running_container(options.container);
  const Json document = json::parse(file::read(instance_.container_dir(found.id) + "/shim.json"), "shim.json");
  const runtime::Spec spec = shim::shim_config_from_json(document).spec;
  if (runtime::is_frozen(spec.cgroups_path)) {
    throw Error(ErrorKind::conflict,
                fmt::format("Container {} is paused, unpause the container before exec", options.container));
  }
  database_.reset();  // nothing of ours may be open across the exec below
  enter_from_read_only_executable(spec);

  // The process that enters the container must not be open to it (rule R5).
  sys::prctl("PR_SET_DUMPABLE", PR_SET_DUMPABLE, 0);
  const runtime::Process process = exec_process(spec, options);
  if (options.detach) {
    exec_detached(spec, found.init, process);
    return 0;
  }
  Wiring wiring = connect(options);
  runtime::ExecProcess child = runtime::exec_in_container(spec, found.init, process, wiring.child);
  wiring.child_in.reset();
  wiring.child_out.reset();
  wiring.child_err.reset();
  wiring.ours.terminal = std::move(child.terminal);

  const streams::Result result = streams::relay_child(std::move(wiring.ours), child.pidfd.get(), client);
  if (result.ending == streams::Ending::detached) return 0;
  return process::exit_code(sys::waitpid(child.pid));
}

}  // namespace minidock
