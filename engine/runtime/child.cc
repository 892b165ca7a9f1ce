#include "engine/runtime/child.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/explain.h"
#include "base/path.h"
#include "base/syscall.h"
#include "engine/runtime/devices.h"
#include "engine/runtime/execution.h"
#include "engine/runtime/explain_words.h"
#include "engine/runtime/handshake.h"
#include "engine/runtime/masks.h"
#include "engine/runtime/sysctl.h"
#include "engine/runtime/terminal.h"
#include "engine/runtime/userns.h"

namespace minidock::runtime {
namespace {

class Child {
 public:
  Child(ContainerPlan& plan, int channel) : plan_(plan), spec_(plan.spec), channel_(channel) {}

  // The table of contents.
  [[noreturn]] void run() {
    child_leave_parent(/*dies_with_parent=*/true);
    // Only now is the cgroup, which becomes the namespace's root, the container's own.
    if (plan_.v1_groups.empty()) enter_cgroup_namespace();
    child_enter_groups(plan_.groups.aside);
    if (plan_.namespaces.owns(CLONE_NEWUSER)) {
      expect_step(channel_, Step::mapped);
      child_become_namespace_root();
      sys::prctl("PR_SET_PDEATHSIG", PR_SET_PDEATHSIG, SIGKILL);
    }
    // While the parent mounts the overlay.
    child_make_filesystems(spec_, plan_.namespaces, plan_.v1_groups, plan_.mounts);
    populate_dev();
    // From here everything is reached through `root_`.
    attach_root(std::move(expect_step(channel_, Step::rootfs).fds.at(0)));
    attach_mounts();
    if (!plan_.v1_groups.empty()) enter_v1_groups();
    cover_paths();
    enter_root();
    name_host();
    send_step(channel_, Step::built);
    // The network is there now, and the hard limits are raised.
    expect_step(channel_, Step::go);
    if (proc_) child_write_sysctls(proc_.get(), spec_.sysctl);
    child_execute(Execution{spec_.process, plan_.filter, plan_.streams, root_.get(), channel_,
                            terminal_ ? &*terminal_ : nullptr, /*dies_with_parent=*/true, plan_.groups.last});
  }

 private:
  void enter_cgroup_namespace() {
    if (!plan_.namespaces.new_cgroup) return;
    const explain::Step step("namespace", [] { return "a new one: cgroup, whose root is the container's own cgroup"; });
    sys::unshare(CLONE_NEWCGROUP);
  }

  void enter_v1_groups() {
    ChildGroups groups = child_receive_groups(channel_);
    child_enter_groups(groups.first);
    enter_cgroup_namespace();
    child_enter_groups(groups.aside);
    plan_.groups.last = std::move(groups.last);
    for (std::size_t i = 0; i < spec_.mounts.size(); ++i) {
      if (!is_cgroup(spec_.mounts[i])) continue;
      child_attach_groups(plan_.mounts[i].tree.get(), plan_.v1_groups, plan_.mounts[i].words.attributes_set);
    }
  }

  int find_mount(const char* type) const {
    const auto found =
        std::find_if(spec_.mounts.begin(), spec_.mounts.end(), [&](const Mount& mount) { return mount.type == type; });
    return found == spec_.mounts.end()
               ? -1
               : plan_.mounts[static_cast<std::size_t>(found - spec_.mounts.begin())].tree.get();
  }

  int own_dev() const {
    const auto found = std::find_if(spec_.mounts.begin(), spec_.mounts.end(), is_own_dev);
    return found == spec_.mounts.end()
               ? -1
               : plan_.mounts[static_cast<std::size_t>(found - spec_.mounts.begin())].tree.get();
  }

  void populate_dev() {
    if (const int dev = own_dev(); dev >= 0) {
      child_populate_dev(dev, !plan_.devices.empty(), spec_.process.terminal);
    }
  }

  // On top of the host's root: our lookups of host paths begin below it, the container's at `root_`.
  void attach_root(Fd root) {
    const explain::Step step("mount",
                             [] { return "attached: the overlay, on top of the host's root in this mount namespace"; });
    sys::mount("", "/", "", MS_REC | MS_SLAVE, "");
    sys::move_mount(root.get(), "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
    root_ = std::move(root);
  }

  void attach_mounts() {
    for (std::size_t i = 0; i < spec_.mounts.size(); ++i) {
      child_attach_mount(root_.get(), spec_.mounts[i], plan_.mounts[i]);
      if (is_own_dev(spec_.mounts[i])) child_attach_devices(plan_.mounts[i].tree.get(), plan_.devices);
      // Before a user's mount can cover anything of it (R4); a clone, because what is attached below shows through.
      if (spec_.mounts[i].type == "proc" && !spec_.sysctl.empty() && !proc_) {
        proc_ = sys::open_tree(plan_.mounts[i].tree.get(), "", OPEN_TREE_CLONE | static_cast<unsigned>(AT_EMPTY_PATH));
      }
    }
    if (!spec_.sysctl.empty() && !proc_) {
      throw Error(ErrorKind::invalid_argument, "sysctls need a proc mount in the container");
    }
    if (spec_.process.terminal) open_terminal();
  }

  void open_terminal() {
    const explain::Step step("terminal", [] { return "a pair of pseudo-terminals of the container's own devpts"; });
    const int devpts = find_mount("devpts");
    if (devpts < 0) throw Error(ErrorKind::invalid_argument, "a terminal needs a devpts mount in the container");
    terminal_ = child_open_terminal(devpts, spec_.process.console_rows, spec_.process.console_columns);
    if (const int dev = own_dev(); dev >= 0) child_attach_console(dev, terminal_->slave.get());
  }

  void cover_paths() {
    MaskSource source;
    source.clones = std::move(plan_.null_devices);
    if (const int dev = own_dev(); dev >= 0) source.null = child_open_null(dev);
    if (!spec_.masked_paths.empty()) {
      const explain::Step step("mount", [&] {
        return fmt::format("{} paths masked: {}", spec_.masked_paths.size(), joined_words(spec_.masked_paths));
      });
      child_mask_paths(root_.get(), spec_.masked_paths, source);
    }
    if (spec_.readonly_paths.empty()) return;
    const explain::Step step("mount", [&] {
      return fmt::format("{} paths made read-only: {}", spec_.readonly_paths.size(),
                         joined_words(spec_.readonly_paths));
    });
    child_make_readonly(root_.get(), spec_.readonly_paths);
  }

  void enter_root() {
    // It may be missing in the image: made while the root can still be written.
    make_working_directory();
    if (spec_.readonly_rootfs) {
      const explain::Step step("mount", [] { return "the root made read-only"; });
      struct mount_attr attributes {};
      attributes.attr_set = MOUNT_ATTR_RDONLY;
      sys::mount_setattr(root_.get(), "", AT_EMPTY_PATH, attributes);
    }
    const explain::Step step("mount", [] { return "pivot_root: the overlay is the root now, the host's is let go"; });
    // pivot_root(2), NOTES: the old root lands on top of the new one and is detached from there.
    sys::fchdir(root_.get());
    sys::pivot_root(".", ".");
    sys::umount2(".", MNT_DETACH);
    sys::chdir("/");
  }

  void make_working_directory() {
    try {
      path::make_directories_in_root(root_.get(), spec_.process.cwd);
    } catch (const SysError&) {
      // What is wrong with it is told when the process enters it.
    }
  }

  void name_host() {
    if (!plan_.namespaces.has_new(CLONE_NEWUTS)) return;
    const explain::Step step("name", [&] { return "hostname " + spec_.hostname; });
    if (!spec_.hostname.empty()) sys::sethostname(spec_.hostname);
    if (!spec_.domainname.empty()) sys::setdomainname(spec_.domainname);
  }

  ContainerPlan& plan_;
  const Spec& spec_;
  int channel_;
  Fd root_;
  Fd proc_;
  std::optional<Terminal> terminal_;
};

}  // namespace

void child_main(ContainerPlan& plan, int channel) noexcept {
  explain::set_role("child");
  try {
    Child(plan, channel).run();
  } catch (const Error& error) {
    send_failure(channel, error);
  } catch (const std::exception& error) {
    send_failure(channel, Error(ErrorKind::internal, error.what()));
  }
  _exit(1);
}

}  // namespace minidock::runtime
