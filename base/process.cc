#include "base/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>

#include "base/file.h"
#include "base/path.h"
#include "base/syscall.h"

namespace minidock::process {
namespace {

struct Stat {
  char state = '?';
  std::uint64_t start_time = 0;
};

std::optional<Stat> read_stat(pid_t pid) {
  const std::optional<std::string> text = file::read_if_exists(fmt::format("/proc/{}/stat", pid));
  if (!text) return std::nullopt;
  // "pid (comm) state ppid … starttime": comm may hold spaces and parentheses, so count fields from the last ')'.
  std::size_t position = text->rfind(')');
  if (position == std::string::npos || position + 2 >= text->size()) return std::nullopt;
  Stat stat;
  stat.state = (*text)[position + 2];
  position += 1;
  for (int field = 3; field < 22 && position != std::string::npos; ++field) position = text->find(' ', position + 1);
  if (position == std::string::npos) return std::nullopt;
  std::from_chars(text->data() + position + 1, text->data() + text->size(), stat.start_time);
  return stat;
}

}  // namespace

std::optional<std::uint64_t> start_time_of(pid_t pid) {
  const std::optional<Stat> stat = read_stat(pid);
  if (!stat) return std::nullopt;
  return stat->start_time;
}

ProcessId self() { return ProcessId{getpid(), start_time_of(getpid()).value_or(0)}; }

Fd open_exact(const ProcessId& process) {
  if (process.pid <= 0) return Fd();
  Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, process.pid, 0)));
  if (!pidfd) {
    // EINVAL: the number is taken by a thread that leads no group.
    if (errno == ESRCH || errno == EINVAL) return Fd();
    throw SysError(fmt::format("pidfd_open({})", process.pid));
  }
  // The pidfd pins the process; only now does its start time prove that it is the one that was stored.
  const std::optional<Stat> stat = read_stat(process.pid);
  if (!stat || stat->start_time != process.start_time || stat->state == 'Z' || stat->state == 'X') return Fd();
  return pidfd;
}

bool is_alive(const ProcessId& process) { return open_exact(process).valid(); }

namespace {

// Filled before the clone, read by the child, which shares our memory until its exec.
struct SpawnPlan {
  const SpawnOptions* options = nullptr;
  std::vector<char*> argv;
  std::vector<std::pair<int, int>> fds;
  int error = 0;
};

int child_of_spawn(void* argument) {
  SpawnPlan& plan = *static_cast<SpawnPlan*>(argument);
  for (int signal = 1; signal < NSIG; ++signal) {
    if (signal != SIGKILL && signal != SIGSTOP) ::signal(signal, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (plan.options->new_session) ::setsid();
  // What minidock's own caller left open must not travel on: the child's table is a copy, and dup2 clears the flag
  // again.
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  // First out of the way of every target number, then onto them.
  int program_fd = plan.options->program_fd;
  if (program_fd >= 0) program_fd = fcntl(program_fd, F_DUPFD_CLOEXEC, 64);
  for (auto& [ours, target] : plan.fds) {
    ours = fcntl(ours, F_DUPFD_CLOEXEC, 64);
    if (ours < 0) goto failed;
  }
  for (const auto& [ours, target] : plan.fds) {
    if (dup2(ours, target) < 0) goto failed;
  }
  if (program_fd >= 0) {
    syscall(SYS_execveat, program_fd, "", plan.argv.data(), environ, AT_EMPTY_PATH);
  } else {
    execv(plan.options->program.c_str(), plan.argv.data());
  }
failed:
  plan.error = errno;
  _exit(127);
}

// A handler of ours must not run in a child that shares our memory.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &previous_);
  }
  ~BlockedSignals() { sigprocmask(SIG_SETMASK, &previous_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t previous_;
};

}  // namespace

pid_t spawn(const SpawnOptions& options) {
  SpawnPlan plan;
  plan.options = &options;
  for (const std::string& argument : options.arguments) plan.argv.push_back(const_cast<char*>(argument.c_str()));
  plan.argv.push_back(nullptr);
  plan.fds = options.fds;

  alignas(16) static std::array<char, 64 * 1024> stack;
  struct clone_args arguments {};
  arguments.exit_signal = SIGCHLD;
  if (options.cgroup >= 0) {
    arguments.flags = CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(options.cgroup);
  }
  const std::uint64_t started = trace::start();
  pid_t pid = 0;
  {
    const BlockedSignals blocked;
    pid = sys::clone3_vfork(arguments, stack, child_of_spawn, &plan);
  }
  if (trace::enabled()) trace::line(started, fmt::format("vfork + exec \"{}\"", options.program), pid);
  if (plan.error != 0) {
    ::waitpid(pid, nullptr, 0);
    throw SysError(plan.error, fmt::format("execv(\"{}\")", options.program));
  }
  return pid;
}

int exit_code(int wait_status) {
  if (WIFSIGNALED(wait_status)) return 128 + WTERMSIG(wait_status);
  return WEXITSTATUS(wait_status);
}

std::string executable_directory() { return path::parent_of(sys::readlinkat(AT_FDCWD, "/proc/self/exe")); }

std::string find_companion(const std::string& name) {
  const std::string directory = executable_directory();
  const std::string beside = directory + "/" + name;
  if (access(beside.c_str(), X_OK) == 0) return beside;
  const std::string installed = path::parent_of(directory) + "/libexec/minidock/" + name;
  if (access(installed.c_str(), X_OK) == 0) return installed;
  throw Error(ErrorKind::not_found, fmt::format("{} is missing: looked for {} and {}; build or install minidock again",
                                                name, beside, installed));
}

Fd open_read_only_executable(const std::string& path) {
  Fd tree = sys::open_tree(AT_FDCWD, path, OPEN_TREE_CLONE);
  struct mount_attr attributes {};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV;
  sys::mount_setattr(tree.get(), "", AT_EMPTY_PATH, attributes);
  return tree;
}

}  // namespace minidock::process
