#include "storage/unpack/jail.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "base/error.h"
#include "base/file.h"
#include "base/syscall.h"

namespace minidock::storage {
namespace {

constexpr std::array kKeptCapabilities = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_MKNOD, CAP_SETFCAP};

// One descriptor a level when a tree is removed, and some.
constexpr rlim_t kDescriptors = 4096;
// Beyond what the caller had: zstd's largest window, the buffers and what libarchive keeps of an entry. A bound for
// headers that were made to grow.
constexpr rlim_t kMemory = 320 << 20;

#ifndef __SANITIZE_ADDRESS__
// Bytes that RLIMIT_DATA counts already: the caller's, inherited by fork (field 6 of /proc/PID/statm, in pages).
rlim_t memory_in_use() {
  const std::string statm = file::read("/proc/self/statm");
  std::size_t position = 0;
  for (int field = 1; field < 6; ++field) position = statm.find(' ', position) + 1;
  return std::stoul(statm.substr(position)) * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
}
#endif

void enter_namespaces() {
  sys::unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS);
  sys::mount("none", "/", "", MS_REC | MS_PRIVATE, "");
}

// `tree` (borrowed, detached) becomes the root, without anything else below it.
void pivot_into(int tree) {
  // pivot_root takes only a mount that hangs below the current root. It hangs there unseen, as paths begin at the
  // mount below it.
  sys::move_mount(tree, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
  sys::fchdir(tree);
  sys::pivot_root(".", ".");
  // The old root is on top of the new one now.
  sys::umount2(".", MNT_DETACH);
  sys::chdir("/");
}

// The clone must be made while we are still in the mount namespace that `directory` belongs to.
void enter_root(int directory) {
  const Fd tree = sys::open_tree(directory, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
  enter_namespaces();
  // Nothing in the layer is ever executed or used as a device here. mknod is not affected.
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  // A clone of a shared mount (systemd makes all of them so) is shared, and pivot_root refuses it.
  attributes.propagation = MS_PRIVATE;
  sys::mount_setattr(tree.get(), "", AT_EMPTY_PATH, attributes);
  pivot_into(tree.get());
}

void enter_empty_root() {
  enter_namespaces();
  const Fd context = sys::fsopen("tmpfs");
  sys::fsconfig_string(context.get(), "mode", "0");
  sys::fsconfig_create(context.get());
  const Fd tree =
      sys::fsmount(context.get(), MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  pivot_into(tree.get());
}

// From here on the kernel tells ids as they are inside, and this process may do there what root inside may.
void become_root_of(int user_namespace) {
  sys::setns(user_namespace, CLONE_NEWUSER);
  sys::setgroups({});
  sys::setresgid(0);
  sys::setresuid(0);
}

void drop_capabilities() {
  const auto kept = [](int capability) {
    return std::find(kKeptCapabilities.begin(), kKeptCapabilities.end(), capability) != kKeptCapabilities.end();
  };
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if (!kept(capability)) sys::prctl("PR_CAPBSET_DROP", PR_CAPBSET_DROP, static_cast<unsigned long>(capability));
  }
  sys::prctl("PR_CAP_AMBIENT", PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);
  sys::prctl("PR_SET_SECUREBITS", PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  for (const int capability : kKeptCapabilities) {
    const std::uint32_t bit = 1U << (static_cast<unsigned>(capability) % 32U);
    data.at(static_cast<std::size_t>(capability) / 32).permitted |= bit;
    data.at(static_cast<std::size_t>(capability) / 32).effective |= bit;
  }
  sys::checked([] { return std::string("capset()"); },
               [&] { return static_cast<int>(syscall(SYS_capset, &header, data.data())); });
}

void limit(int resource, rlim_t value) {
  rlimit limits{};
  sys::checked([] { return std::string("getrlimit()"); },
               [&] { return getrlimit(static_cast<__rlimit_resource>(resource), &limits); });
  limits.rlim_max = std::min(limits.rlim_max, value);
  limits.rlim_cur = limits.rlim_max;
  sys::checked([] { return std::string("setrlimit()"); },
               [&] { return setrlimit(static_cast<__rlimit_resource>(resource), &limits); });
}

void set_limits() {
  umask(0);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_NOFILE, kDescriptors);
#ifndef __SANITIZE_ADDRESS__
  // AddressSanitizer's shadow is larger than this.
  limit(RLIMIT_DATA, memory_in_use() + kMemory);
#endif
}

void drop_privileges() {
  drop_capabilities();
  sys::prctl("PR_SET_NO_NEW_PRIVS", PR_SET_NO_NEW_PRIVS, 1);
  sys::prctl("PR_SET_DUMPABLE", PR_SET_DUMPABLE, 0);
}

}  // namespace

Fd enter_jail(int directory) {
  set_limits();
  enter_root(directory);
  drop_privileges();
  return sys::open("/", O_RDONLY | O_DIRECTORY);
}

void enter_empty_jail(int user_namespace, pid_t parent) {
  set_limits();
  enter_empty_root();
  if (user_namespace >= 0) become_root_of(user_namespace);
  drop_privileges();
  // The kernel forgets it with a change of credentials.
  sys::prctl("PR_SET_PDEATHSIG", PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
}

}  // namespace minidock::storage
