#include "engine/runtime/exec_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <csignal>
#include <optional>

#include "base/file.h"
#include "base/path.h"
#include "base/syscall.h"
#include "engine/runtime/cgroup_layout.h"
#include "engine/runtime/cgroup_v2.h"
#include "engine/runtime/execution.h"
#include "engine/runtime/handshake.h"
#include "engine/runtime/limited_groups.h"
#include "engine/runtime/namespaces.h"
#include "engine/runtime/rlimits.h"
#include "engine/runtime/seccomp_filter.h"
#include "engine/runtime/stdio.h"
#include "engine/runtime/userns.h"

namespace minidock::runtime {
namespace {

// What the joiner and the child need; made by the parent.
struct ExecPlan {
  const Process& process;
  StandardStreams streams;
  std::vector<sock_filter> filter;
  Fd pidfd;
  bool has_user_namespace = false;
  int channel = -1;
  std::vector<Fd> groups;  // of a container with limits: entered last
};

constexpr std::size_t kStackSize = 256 * 1024;

bool has_other_user_namespace(pid_t pid) {
  const struct stat theirs = sys::fstatat(AT_FDCWD, fmt::format("/proc/{}/ns/user", pid), 0);
  const struct stat ours = sys::fstatat(AT_FDCWD, "/proc/self/ns/user", 0);
  return theirs.st_ino != ours.st_ino || theirs.st_dev != ours.st_dev;
}

void enter_namespaces(const ExecPlan& plan) {
  // Joining one that is ours already is harmless, except for the user namespace (EINVAL).
  int types = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP;
  if (plan.has_user_namespace) types |= CLONE_NEWUSER;
  sys::setns(plan.pidfd.get(), types);
  if (plan.has_user_namespace) child_become_namespace_root();
}

// In the container's pid namespace; shares the joiner's memory, which stands still until the exec.
[[noreturn]] void child_main(const ExecPlan& plan) noexcept {
  try {
    const Fd root = sys::open("/", O_PATH | O_DIRECTORY);
    std::optional<Terminal> terminal;
    if (plan.process.terminal) {
      const Fd devpts = path::open_in_root(root.get(), "/dev/pts", O_PATH | O_DIRECTORY);
      terminal = child_open_terminal(devpts.get(), plan.process.console_rows, plan.process.console_columns);
    }
    child_execute(Execution{plan.process, plan.filter, plan.streams, root.get(), plan.channel,
                            terminal ? &*terminal : nullptr, /*dies_with_parent=*/false, plan.groups});
  } catch (const Error& error) {
    send_failure(plan.channel, error);
  } catch (const std::exception& error) {
    send_failure(plan.channel, Error(ErrorKind::internal, error.what()));
  }
  _exit(1);
}

int child_entry(void* plan) { child_main(*static_cast<const ExecPlan*>(plan)); }

pid_t clone_child(ExecPlan& plan) {
  alignas(16) static std::array<char, kStackSize> stack;
  // A sibling of ours: it is the caller's child.
  const pid_t pid = clone(child_entry, stack.data() + stack.size(), CLONE_VM | CLONE_VFORK | CLONE_PARENT, &plan);
  if (pid < 0) throw SysError("clone of the container's process");
  return pid;
}

void set_inherited_limits(const Process& process) {
  parent_raise_hard_limits(0, process.rlimits);
  if (process.oom_score_adj) {
    file::write_existing("/proc/self/oom_score_adj", fmt::format("{}", *process.oom_score_adj));
  }
}

// Enters the container, in whose cgroup it is since its own clone (unless there are limits), and has the program's
// process made there.
int joiner_main(void* pointer) noexcept {
  ExecPlan& plan = *static_cast<ExecPlan*>(pointer);
  try {
    child_leave_parent(/*dies_with_parent=*/false);
    set_inherited_limits(plan.process);
    enter_namespaces(plan);
    const pid_t pid = clone_child(plan);
    // As seen from the joiner's own pid namespace, the caller's.
    send_step(plan.channel, Step::cloned, fmt::format("{}", pid));
    return 0;
  } catch (const Error& error) {
    send_failure(plan.channel, error);
  } catch (const std::exception& error) {
    send_failure(plan.channel, Error(ErrorKind::internal, error.what()));
  }
  return 1;
}

pid_t clone_joiner(ExecPlan& plan, int cgroup) {
  alignas(16) static std::array<char, kStackSize> stack;
  struct clone_args arguments = clone_arguments(0, cgroup);
  // It shares the caller's memory, which stands still meanwhile, but nothing else. Not when root inside is root: with
  // CAP_SYS_PTRACE it could write to that memory.
  if (plan.has_user_namespace) return sys::clone3_vfork(arguments, stack, joiner_main, &plan);
  const pid_t pid = sys::clone3(arguments);
  if (pid == 0) _exit(joiner_main(&plan));
  return pid;
}

struct Outcome {
  pid_t pid = 0;
  bool is_ready = false;
  Fd terminal;
  std::optional<Error> failure;
};

Outcome read_outcome(int channel) {
  Outcome outcome;
  for (;;) {
    try {
      std::optional<StepMessage> message = receive_step(channel);
      if (!message) return outcome;
      if (message->step == Step::cloned) {
        std::from_chars(message->body.data(), message->body.data() + message->body.size(), outcome.pid);
      } else if (message->step == Step::ready) {
        outcome.is_ready = true;
        if (!message->fds.empty()) outcome.terminal = std::move(message->fds[0]);
      }
    } catch (const Error& error) {
      // The number of the failed child comes behind it.
      outcome.failure = error;
    }
  }
}

}  // namespace

ExecProcess exec_in_container(const Spec& spec, const ProcessId& container, const Process& process,
                              const StandardStreams& streams, int cgroup) {
  // Before anything of ours enters the container's namespaces (R5).
  sys::prctl("PR_SET_DUMPABLE", PR_SET_DUMPABLE, 0);
  ExecPlan plan{process, streams, parent_read_filter(spec.seccomp_bpf_file), process::open_exact(container), false,
                -1,      {}};
  if (!plan.pidfd) throw Error(ErrorKind::conflict, "container is not running");
  plan.has_user_namespace = has_other_user_namespace(container.pid);
  Fd own_cgroup = cgroup < 0 ? parent_open_cgroup_of(container.pid, spec.cgroups_path) : Fd();
  if (spec.resources != ResourceLimits{} || !is_v2_only()) {
    // Neither our own memory nor the joiner beside the process counts against the container's limits.
    plan.groups = open_groups_of(container.pid, spec.cgroups_path, cgroup < 0 ? own_cgroup.get() : cgroup).last;
    own_cgroup.reset();
    cgroup = -1;
  }
  if (!process.terminal) parent_own_pipes(streams, spec);
  SocketPair channel = sys::socketpair(SOCK_SEQPACKET);
  plan.channel = channel.theirs.get();

  const pid_t joiner = clone_joiner(plan, cgroup < 0 ? own_cgroup.get() : cgroup);
  channel.theirs.reset();
  Outcome outcome = read_outcome(channel.ours.get());
  sys::waitpid(joiner);
  if (outcome.failure || !outcome.is_ready || outcome.pid <= 0) {
    if (outcome.pid > 0) sys::waitpid(outcome.pid);
    if (outcome.failure) throw *outcome.failure;
    throw Error(ErrorKind::internal, "the process was killed before its program started");
  }
  return ExecProcess{outcome.pid, sys::pidfd_open(outcome.pid), std::move(outcome.terminal)};
}

}  // namespace minidock::runtime
