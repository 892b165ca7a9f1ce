#include "engine/runtime/container_process.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/explain.h"
#include "base/file.h"
#include "base/syscall.h"
#include "engine/runtime/cgroup_v2.h"
#include "engine/runtime/child.h"
#include "engine/runtime/device_list.h"
#include "engine/runtime/devices.h"
#include "engine/runtime/explain_words.h"
#include "engine/runtime/handshake.h"
#include "engine/runtime/limited_groups.h"
#include "engine/runtime/rlimits.h"
#include "engine/runtime/rootfs.h"
#include "engine/runtime/seccomp_filter.h"
#include "engine/runtime/stdio.h"
#include "engine/runtime/sysctl.h"
#include "engine/runtime/userns.h"

namespace minidock::runtime {

struct ContainerProcess::Parts {
  const Spec& spec;
  NamespacePlan namespaces;
  Cgroup cgroup;
  LimitedGroups groups;
  ClonedProcess child;
  Fd channel;
  Fd layers;  // see RootMount
  bool is_started = false;
};

namespace {

ContainerPlan plan_container(const Spec& spec, const StandardStreams& streams) {
  ContainerPlan plan{spec, parent_plan_namespaces(spec), {}, {}, {}, {}, streams, {}, {}};
  check_sysctls(spec.sysctl, plan.namespaces);
  plan.mounts = parent_prepare_mounts(spec);
  const bool has_own_dev = std::any_of(spec.mounts.begin(), spec.mounts.end(), is_own_dev);
  if (has_own_dev && plan.namespaces.owns(CLONE_NEWUSER)) {
    const explain::Step step("device",
                             [] { return "the host's nodes cloned as mounts: a user namespace may not make any"; });
    plan.devices = parent_clone_host_devices();
  }
  if (!has_own_dev) {
    for (std::size_t i = 0; i < spec.masked_paths.size(); ++i) plan.null_devices.push_back(parent_clone_null_device());
  }
  plan.filter = parent_read_filter(spec.seccomp_bpf_file);
  return plan;
}

Cgroup make_cgroup(const Spec& spec, const NamespacePlan& namespaces) {
  if (spec.cgroups_path.empty()) return Cgroup();
  const explain::Step step("cgroup", [&] { return "made: " + spec.cgroups_path; });
  Cgroup cgroup = Cgroup::create(spec.cgroups_path);
  const bool is_writable = std::any_of(spec.mounts.begin(), spec.mounts.end(), [](const Mount& mount) {
    return mount.type == "cgroup" && (parse_mount_words(mount).attributes_set & MOUNT_ATTR_RDONLY) == 0;
  });
  if (is_writable && namespaces.new_cgroup && namespaces.owns(CLONE_NEWUSER)) {
    parent_delegate_cgroup(cgroup.fd(), to_host_id(spec.uid_mappings, 0).value_or(0));
  }
  return cgroup;
}

RootMount mount_root(const Spec& spec, int user_namespace) {
  const explain::Step step("mount", [&] {
    if (!spec.rootfs.directory.empty()) return fmt::format("the root is {}, not attached yet", spec.rootfs.directory);
    return fmt::format("overlay of {} read-only layers{} and a writable directory, not attached yet",
                       spec.rootfs.layers.size(), user_namespace >= 0 ? " (owners shifted by the id maps)" : "");
  });
  return parent_mount_rootfs(spec, user_namespace);
}

// Id maps and the root, in that order: the root's owners are shifted by the maps. The result is RootMount::layers.
Fd hand_over_root(const Spec& spec, const NamespacePlan& namespaces, pid_t child, int channel) {
  Fd user_namespace;
  if (namespaces.owns(CLONE_NEWUSER)) {
    if (namespaces.has_new(CLONE_NEWUSER)) parent_write_id_maps(child, spec.uid_mappings, spec.gid_mappings);
    send_step(channel, Step::mapped);
    user_namespace = parent_open_user_namespace(child);
  }
  RootMount mount = mount_root(spec, user_namespace.get());
  const std::array<int, 1> fds = {mount.root.get()};
  send_step(channel, Step::rootfs, {}, fds);
  return std::move(mount.layers);
}

// What has to be in force before the program runs, not before the child builds its root: done beside that.
void set_host_side_limits(const Spec& spec, int cgroup, pid_t child) {
  if (cgroup >= 0 && !spec.device_rules.empty()) {
    const explain::Step step("limit", [&] {
      return fmt::format("devices that may be opened: {} rules as a BPF program of the cgroup",
                         spec.device_rules.size());
    });
    parent_control_devices(cgroup, spec.cgroups_path, spec.device_rules, child);
  }
  parent_raise_hard_limits(child, spec.process.rlimits);
  if (spec.process.oom_score_adj) {
    const explain::Step step("limit", [&] { return fmt::format("oom_score_adj {}", *spec.process.oom_score_adj); });
    file::write_existing(fmt::format("/proc/{}/oom_score_adj", child), fmt::format("{}", *spec.process.oom_score_adj));
  }
}

// An error of ours in talking to the child hides the child's own, which is the cause: it has been sent before.
[[noreturn]] void rethrow_cause(const Error& error, int channel) {
  if (error.error_number() == EPIPE || error.error_number() == ECONNRESET || error.error_number() == ESRCH) {
    while (receive_step(channel)) {
    }
  }
  throw error;
}

}  // namespace

ContainerProcess::ContainerProcess(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ContainerProcess::ContainerProcess(ContainerProcess&&) noexcept = default;

ContainerProcess ContainerProcess::clone(const Spec& spec, const StandardStreams& streams) {
  ContainerPlan plan = plan_container(spec, streams);
  if (!spec.process.terminal) parent_own_pipes(streams, spec);
  auto parts = std::make_unique<Parts>(Parts{spec, {}, make_cgroup(spec, plan.namespaces), {}, {}, {}, {}, false});
  SocketPair channel = sys::socketpair(SOCK_SEQPACKET);
  parts->channel = std::move(channel.ours);
  ContainerProcess process(std::move(parts));  // from here the destructor undoes everything
  Parts& owned = *process.parts_;
  owned.groups = LimitedGroups::plan(spec.cgroups_path, spec.resources);
  plan.groups = owned.groups.open_v2_for_child(owned.cgroup.fd());
  plan.v1_groups = owned.groups.directories();

  {
    const explain::Step step(
        "namespace", [&] { return "process cloned into new ones: " + describe(plan.namespaces) + "; in its cgroup"; });
    owned.child = parent_clone(plan.namespaces, owned.cgroup.fd(), [&] {
      owned.channel.reset();
      child_main(plan, channel.theirs.get());
    });
  }
  owned.namespaces = std::move(plan.namespaces);
  return process;
}

void ContainerProcess::prepare() {
  Parts& parts = *parts_;
  try {
    parts.layers = hand_over_root(parts.spec, parts.namespaces, parts.child.pid, parts.channel.get());
    if (parts.groups.has_v1()) {
      parent_send_groups(parts.channel.get(), parts.groups.open_v1_for_child(parts.cgroup.fd()));
    }
    parts.groups.enforce(parts.cgroup.fd());
    set_host_side_limits(parts.spec, parts.cgroup.fd(), parts.child.pid);
  } catch (const Error& error) {
    rethrow_cause(error, parts.channel.get());
  }
}

ContainerProcess::~ContainerProcess() {
  if (!parts_) return;
  if (parts_->is_started) {
    parts_->cgroup.release();
  } else if (parts_->child.pid > 0) {
    ::kill(parts_->child.pid, SIGKILL);
    ::waitpid(parts_->child.pid, nullptr, 0);
  }
}

pid_t ContainerProcess::pid() const { return parts_->child.pid; }
int ContainerProcess::pidfd() const { return parts_->child.pidfd.get(); }

namespace {

// The child's next message, nothing at its end. An error that it tells is thrown when it is reaped; `child` is 0 then.
std::optional<StepMessage> receive_or_reap(int channel, pid_t& child) {
  try {
    return receive_step(channel);
  } catch (const Error&) {
    // It has told why and ends.
    sys::waitpid(std::exchange(child, 0));
    throw;
  }
}

// Reaps a child that ended by itself without a word.
[[noreturn]] void throw_silent_end(pid_t child) {
  const int status = sys::waitpid(child);
  throw Error(ErrorKind::internal,
              WIFSIGNALED(status)
                  ? fmt::format("the container's process was killed by signal {} ({}) before its program started",
                                WTERMSIG(status), strsignal(WTERMSIG(status)))
                  : fmt::format("the container's process ended with status {} before its program started",
                                WEXITSTATUS(status)));
}

}  // namespace

void ContainerProcess::wait_until_built() {
  const std::optional<StepMessage> message = receive_or_reap(parts_->channel.get(), parts_->child.pid);
  if (!message) throw_silent_end(std::exchange(parts_->child.pid, 0));
  if (message->step != Step::built) throw Error(ErrorKind::internal, "the container's process is out of step");
}

void ContainerProcess::let_go() {
  try {
    send_step(parts_->channel.get(), Step::go);
  } catch (const SysError& error) {
    // A child that failed is gone already: wait_until_started tells why.
    if (error.error_number() != EPIPE && error.error_number() != ECONNRESET) throw;
  }
  parts_->layers.reset();  // nobody waits for us now
}

Fd ContainerProcess::wait_until_started() {
  const explain::Step step("program",
                           [&] { return "let go, and waited until it has become " + parts_->spec.process.args.at(0); });
  Fd terminal;
  bool is_ready = false;
  while (std::optional<StepMessage> message = receive_or_reap(parts_->channel.get(), parts_->child.pid)) {
    if (message->step != Step::ready) continue;
    is_ready = true;
    if (!message->fds.empty()) terminal = std::move(message->fds[0]);
  }
  if (!is_ready) throw_silent_end(std::exchange(parts_->child.pid, 0));
  parts_->is_started = true;
  parts_->channel.reset();
  return terminal;
}

}  // namespace minidock::runtime
