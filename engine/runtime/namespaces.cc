#include "engine/runtime/namespaces.h"

#include <fmt/format.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.h"
#include "base/syscall.h"
#include "engine/runtime/handshake.h"

namespace minidock::runtime {
namespace {

struct NamespaceType {
  std::string_view name;
  int flag;
};

constexpr std::array kTypes = {
    NamespaceType{"mount", CLONE_NEWNS},      NamespaceType{"uts", CLONE_NEWUTS},
    NamespaceType{"ipc", CLONE_NEWIPC},       NamespaceType{"pid", CLONE_NEWPID},
    NamespaceType{"network", CLONE_NEWNET},   NamespaceType{"user", CLONE_NEWUSER},
    NamespaceType{"cgroup", CLONE_NEWCGROUP},
};

int flag_of(const std::string& name) {
  for (const NamespaceType& type : kTypes) {
    if (type.name == name) return type.flag;
  }
  throw Error(ErrorKind::invalid_argument, fmt::format("unknown namespace type \"{}\"", name));
}

Fd open_namespace(const Namespace& space, int flag) {
  Fd fd = sys::open(space.path, O_RDONLY);
  if (ioctl(fd.get(), NS_GET_NSTYPE) != flag) {
    throw Error(ErrorKind::invalid_argument, fmt::format("{} is not a {} namespace", space.path, space.type));
  }
  return fd;
}

// Runs in the clone: an exception must not unwind into the parent's frames.
[[noreturn]] void run_child(const std::function<void()>& child) {
  child();
  _exit(1);
}

// The joiner: enters what exists, then clones the container's process as a sibling, a child of the caller.
// It is in the container's cgroup already, and its child inherits that: in a joined user namespace it could not enter
// one.
[[noreturn]] void joiner_main(const NamespacePlan& plan, int channel, const std::function<void()>& child) {
  try {
    for (const NamespaceJoin& join : plan.joins) sys::setns(join.fd.get(), join.type);
    struct clone_args arguments = clone_arguments(plan.clone_flags, -1);
    arguments.flags |= CLONE_PARENT;
    arguments.exit_signal = 0;  // with CLONE_PARENT it is the joiner's own
    const pid_t pid = sys::clone3(arguments);
    if (pid == 0) run_child(child);
    // As seen from the joiner's own, unchanged pid namespace.
    send_step(channel, Step::cloned, fmt::format("{}", pid));
    _exit(0);
  } catch (const Error& error) {
    send_failure(channel, error);
  }
  _exit(1);
}

ClonedProcess clone_through_joiner(const NamespacePlan& plan, int cgroup, const std::function<void()>& child) {
  SocketPair channel = sys::socketpair(SOCK_SEQPACKET);
  struct clone_args arguments = clone_arguments(0, cgroup);
  const pid_t joiner = sys::clone3(arguments);
  if (joiner == 0) joiner_main(plan, channel.theirs.get(), child);
  channel.theirs.reset();
  ClonedProcess cloned;
  try {
    const StepMessage message = expect_step(channel.ours.get(), Step::cloned);
    std::from_chars(message.body.data(), message.body.data() + message.body.size(), cloned.pid);
  } catch (const Error& error) {
    sys::waitpid(joiner);
    throw error.with_context("joining namespaces");
  }
  sys::waitpid(joiner);
  // Our own child that nobody else reaps: the number cannot have been used again.
  cloned.pidfd = sys::pidfd_open(cloned.pid);
  return cloned;
}

}  // namespace

bool NamespacePlan::has_join(int type) const {
  return std::any_of(joins.begin(), joins.end(), [&](const NamespaceJoin& join) { return join.type == type; });
}

NamespacePlan parent_plan_namespaces(const Spec& spec) {
  NamespacePlan plan;
  for (const Namespace& space : spec.namespaces) {
    const int flag = flag_of(space.type);
    if (!space.path.empty()) {
      if (flag == CLONE_NEWNS) throw Error(ErrorKind::unsupported, "a container cannot join a mount namespace");
      plan.joins.push_back(NamespaceJoin{flag, open_namespace(space, flag)});
    } else if (flag == CLONE_NEWCGROUP) {
      plan.new_cgroup = true;
    } else {
      plan.clone_flags |= static_cast<std::uint64_t>(flag);
    }
  }
  if (!plan.has_new(CLONE_NEWNS)) throw Error(ErrorKind::invalid_argument, "a container needs its own mount namespace");
  std::stable_partition(plan.joins.begin(), plan.joins.end(),
                        [](const NamespaceJoin& join) { return join.type != CLONE_NEWUSER; });
  return plan;
}

struct clone_args clone_arguments(std::uint64_t flags, int cgroup) {
  struct clone_args arguments {};
  arguments.flags = flags;
  arguments.exit_signal = SIGCHLD;
  if (cgroup >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(cgroup);
  }
  return arguments;
}

ClonedProcess parent_clone(const NamespacePlan& plan, int cgroup, const std::function<void()>& child) {
  if (!plan.joins.empty()) return clone_through_joiner(plan, cgroup, child);
  struct clone_args arguments = clone_arguments(plan.clone_flags, cgroup);
  int pidfd = -1;
  arguments.flags |= CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  const pid_t pid = sys::clone3(arguments);
  if (pid == 0) run_child(child);
  return ClonedProcess{pid, Fd(pidfd)};
}

}  // namespace minidock::runtime
