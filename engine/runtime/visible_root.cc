#include "engine/runtime/visible_root.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <functional>

#include "base/error_report.h"
#include "base/syscall.h"
#include "engine/runtime/foreign_tree.h"
#include "engine/runtime/mounts.h"
#include "engine/runtime/rootfs.h"
#include "engine/runtime/userns.h"

namespace minidock::runtime {
namespace {

// Runs `enter` in a short-lived process, which returns the root in the mount namespace that it has entered.
VisibleRoot ask_child(const std::function<Fd()>& enter) {
  SocketPair channel = sys::socketpair(SOCK_SEQPACKET);
  const pid_t pid = ::fork();
  if (pid < 0) throw SysError("fork");
  if (pid == 0) {
    try {
      try {
        // Nobody in the container may look into it (R5).
        sys::prctl("PR_SET_DUMPABLE", PR_SET_DUMPABLE, 0);
        const Fd self = sys::open("/proc/self/ns", O_PATH | O_DIRECTORY);
        const Fd root = enter();
        const Fd mount_namespace = sys::openat(self.get(), "mnt", O_RDONLY);
        const std::array<int, 2> fds = {root.get(), mount_namespace.get()};
        sys::send_message(channel.theirs.get(), "root", fds);
        _exit(0);
      } catch (const Error& error) {
        sys::send_message(channel.theirs.get(), error_report(error));
      }
    } catch (const Error&) {
      // The parent is gone: there is nobody to tell.
    }
    _exit(1);
  }
  channel.theirs.reset();
  sys::Message answer = sys::receive_message(channel.ours.get());
  sys::waitpid(pid);
  if (answer.fds.size() != 2) throw error_from_report(answer.data, "the answer of a process that opens a root");
  return VisibleRoot{std::move(answer.fds[0]), std::move(answer.fds[1])};
}

Fd open_process(const ProcessId& container) {
  Fd pidfd = process::open_exact(container);
  if (!pidfd) throw Error(ErrorKind::conflict, "container is not running");
  return pidfd;
}

Fd child_assemble(Fd root, const Spec& spec, std::vector<PreparedMount>& mounts, int user_namespace) {
  if (user_namespace >= 0) {
    sys::setns(user_namespace, CLONE_NEWUSER);
    child_become_namespace_root();
  }
  sys::unshare(CLONE_NEWNS);
  sys::mount("", "/", "", MS_REC | MS_SLAVE, "");
  sys::move_mount(root.get(), "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
  for (std::size_t i = 0; i < spec.mounts.size(); ++i) child_attach_mount(root.get(), spec.mounts[i], mounts[i]);
  return root;
}

}  // namespace

VisibleRoot parent_open_running_root(const ProcessId& container) {
  const Fd pidfd = open_process(container);
  return ask_child([&] {
    // The namespace's own root, whatever the process has made its own with chroot(2).
    sys::setns(pidfd.get(), CLONE_NEWNS);
    return sys::open("/", O_PATH | O_DIRECTORY);
  });
}

Fd parent_clone_running_rootfs(const ProcessId& container) {
  const Fd pidfd = open_process(container);
  return clone_foreign_tree(ForeignPath{container.pid, "/"});
}

VisibleRoot parent_build_root(const Spec& spec, int user_namespace) {
  std::vector<PreparedMount> mounts = parent_prepare_mounts(spec);
  RootMount mount = parent_mount_rootfs(spec, user_namespace);
  return ask_child([&] { return child_assemble(std::move(mount.root), spec, mounts, user_namespace); });
}

}  // namespace minidock::runtime
