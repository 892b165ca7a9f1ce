#include "engine/runtime/mounts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/explain.h"
#include "base/path.h"
#include "base/syscall.h"
#include "engine/runtime/bind_source.h"
#include "engine/runtime/cgroup_v2.h"
#include "engine/runtime/copy_up.h"
#include "engine/runtime/explain_words.h"
#include "engine/runtime/file_mount.h"

namespace minidock::runtime {
namespace {

constexpr ino_t kProcRootInode = 1;
constexpr int kMaxLinks = 40;  // as the kernel's own limit

// Files of /proc that docker lets a mount cover (lxcfs does).
constexpr std::array<std::string_view, 10> kCoverableProcFiles = {
    "/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo",  "/proc/stat",    "/proc/swaps",
    "/proc/uptime",  "/proc/loadavg",   "/proc/slabinfo", "/proc/net/dev", "/proc/sys/kernel/ns_last_pid"};

bool is_on(int fd, long magic) {
  struct statfs info {};
  return fstatfs(fd, &info) == 0 && info.f_type == magic;
}

Fd make_filesystem(const Mount& mount, const MountWords& words) {
  const unsigned attributes = static_cast<unsigned>(words.attributes_set);
  if (is_cgroup(mount)) return child_make_cgroup_mount(attributes);
  const Fd context = sys::fsopen(mount.type);
  sys::fsconfig_string(context.get(), "source", mount.source.empty() ? mount.type : mount.source);
  for (const auto& [key, value] : words.data) {
    value ? sys::fsconfig_string(context.get(), key, *value) : sys::fsconfig_flag(context.get(), key);
  }
  sys::fsconfig_create(context.get());
  return sys::fsmount(context.get(), attributes);
}

// The host's own instance, for a file system whose namespace is the host's and which a user namespace may not mount.
const char* host_instance(const std::string& type, const NamespacePlan& plan) {
  if (type == "sysfs") return "/sys";
  if (type == "mqueue") return "/dev/mqueue";
  if (type == "cgroup" || type == "cgroup2") return "/sys/fs/cgroup";
  // A joined pid namespace would show the wrong processes.
  if (type == "proc" && !plan.owns(CLONE_NEWPID)) return "/proc";
  return nullptr;
}

Fd bind_host_instance(const char* path, const MountWords& words) {
  Fd tree = sys::open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | static_cast<unsigned>(AT_RECURSIVE));
  struct mount_attr attributes {};
  attributes.attr_set = words.attributes_set & ~static_cast<std::uint64_t>(MOUNT_ATTR__ATIME);
  attributes.propagation = MS_SLAVE;
  sys::mount_setattr(tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, attributes);
  return tree;
}

bool is_below(const std::string& path, const std::string& directory) {
  return path == directory || path.rfind(directory + "/", 0) == 0;
}

// A directory that no link leads to: a link in the place of /proc would leave the real name to the image.
Fd open_ordinary_directory(int root, const Mount& mount) {
  const auto open_strictly = [&] {
    return sys::openat2(root, mount.destination, O_PATH | O_DIRECTORY, 0,
                        RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS);
  };
  try {
    try {
      return open_strictly();
    } catch (const SysError& error) {
      if (error.error_number() != ENOENT) throw;
    }
    path::make_directories_in_root(root, mount.destination);
    return open_strictly();
  } catch (const SysError& error) {
    if (error.error_number() != ELOOP && error.error_number() != ENOTDIR) throw;
    throw Error(ErrorKind::invalid_argument,
                fmt::format("filesystem \"{}\" must be mounted on ordinary directory: {} of the image is a symbolic "
                            "link or a file",
                            mount.type, mount.destination),
                error.error_number());
  }
}

// -v something:/proc (or below it) would hand the image a faked procfs.
void refuse_covering_proc(const Mount& mount, int target, int source) {
  const std::string destination = path::clean_absolute(mount.destination);
  if (!is_below(destination, "/proc") && !is_on(target, PROC_SUPER_MAGIC)) return;
  if (destination == "/proc" && is_on(source, PROC_SUPER_MAGIC) && sys::fstat(source).st_ino == kProcRootInode) return;
  if (std::find(kCoverableProcFiles.begin(), kCoverableProcFiles.end(), destination) != kCoverableProcFiles.end()) {
    return;
  }
  throw Error(ErrorKind::invalid_argument,
              fmt::format("\"{}\" cannot be mounted because it is inside /proc", mount.destination));
}

bool is_kernel_filesystem(const Mount& mount) {
  return mount.type == "proc" || mount.type == "sysfs" || is_cgroup(mount) || mount.type == "devpts" ||
         mount.type == "mqueue" || is_own_dev(mount) ||
         (mount.type == "tmpfs" && is_below(path::clean_absolute(mount.destination), "/dev"));
}

// Images have links that lead nowhere yet where a mount belongs (/etc/resolv.conf → ../run/…): what they name is made,
// inside the root.
std::string follow_dangling_links(int root, std::string name) {
  for (int hops = 0; hops < kMaxLinks; ++hops) {
    if (path::open_in_root_if_exists(root, name, O_PATH)) return name;
    const std::string clean = path::clean_absolute(name);
    const Fd parent = path::open_in_root_if_exists(root, path::parent_of(clean), O_PATH | O_DIRECTORY);
    const std::string last = path::base_name(clean);
    struct stat info {};
    if (!parent || fstatat(parent.get(), last.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISLNK(info.st_mode)) {
      return clean;
    }
    const std::string target = sys::readlinkat(parent.get(), last);
    name = !target.empty() && target[0] == '/' ? target : path::parent_of(clean) + "/" + target;
  }
  throw SysError(ELOOP, fmt::format("following the links of {}", name));
}

Fd open_target(int root, const Mount& mount, const PreparedMount& prepared) {
  if (!prepared.words.is_bind && is_kernel_filesystem(mount)) return open_ordinary_directory(root, mount);
  const std::string name = follow_dangling_links(root, mount.destination);
  return prepared.is_directory ? path::make_directories_in_root(root, name) : path::make_file_in_root(root, name);
}

// As docker: a tmpfs over a directory of the image looks like that.
bool takes_mode_of_target(const Mount& mount, const PreparedMount& prepared) {
  const bool has_mode = std::any_of(prepared.words.data.begin(), prepared.words.data.end(),
                                    [](const auto& option) { return option.first == "mode"; });
  return mount.type == "tmpfs" && !is_kernel_filesystem(mount) && !has_mode && !prepared.words.copy_up &&
         (prepared.words.attributes_set & MOUNT_ATTR_RDONLY) == 0;
}

std::optional<mode_t> mode_in_root(int root, const std::string& path) {
  const Fd existing = path::open_in_root_if_exists(root, path, O_PATH | O_DIRECTORY);
  return existing ? std::optional(sys::fstat(existing.get()).st_mode & 07777U) : std::nullopt;
}

}  // namespace

bool is_own_dev(const Mount& mount) {
  return mount.type == "tmpfs" && path::clean_absolute(mount.destination) == "/dev";
}

bool is_cgroup(const Mount& mount) { return mount.type == "cgroup" || mount.type == "cgroup2"; }

std::vector<PreparedMount> parent_prepare_mounts(const Spec& spec) {
  std::vector<PreparedMount> prepared(spec.mounts.size());
  for (std::size_t i = 0; i < spec.mounts.size(); ++i) {
    const Mount& mount = spec.mounts[i];
    if (path::clean_absolute(mount.destination) == "/") {
      throw Error(ErrorKind::invalid_argument, "invalid mount: destination can't be '/'");
    }
    prepared[i].words = parse_mount_words(mount);
    if (mount.type == "files") {
      prepared[i].tree = parent_make_file_mount(spec, mount);
      prepared[i].is_directory = S_ISDIR(sys::fstat(prepared[i].tree.get()).st_mode);
    }
    if (!prepared[i].words.is_bind) continue;
    prepared[i].tree = parent_open_bind_source(spec, mount, prepared[i].words);
    prepared[i].is_directory = S_ISDIR(sys::fstat(prepared[i].tree.get()).st_mode);
  }
  return prepared;
}

void child_make_filesystems(const Spec& spec, const NamespacePlan& plan, const std::vector<V1Directory>& groups,
                            std::vector<PreparedMount>& mounts) {
  for (std::size_t i = 0; i < spec.mounts.size(); ++i) {
    if (mounts[i].words.is_bind || mounts[i].tree) continue;
    const explain::Step step("mount", [&] { return "made: " + describe(spec.mounts[i]); });
    try {
      const bool is_view = is_cgroup(spec.mounts[i]) && !groups.empty();
      mounts[i].tree = is_view ? child_make_cgroup_view(groups) : make_filesystem(spec.mounts[i], mounts[i].words);
    } catch (const SysError& error) {
      const char* host = host_instance(spec.mounts[i].type, plan);
      if (error.error_number() != EPERM || host == nullptr) {
        throw error.with_context(fmt::format("mounting {} at {}", spec.mounts[i].type, spec.mounts[i].destination));
      }
      mounts[i].tree = bind_host_instance(host, mounts[i].words);
    }
  }
}

void child_attach_mount(int root, const Mount& mount, PreparedMount& prepared) {
  const explain::Step step("mount", [&] { return "attached: " + describe(mount); });
  try {
    const bool takes_mode = takes_mode_of_target(mount, prepared);
    const std::optional<mode_t> mode = takes_mode ? mode_in_root(root, mount.destination) : std::nullopt;
    const Fd target = open_target(root, mount, prepared);
    if (mode && ::fchmodat(prepared.tree.get(), ".", *mode, 0) != 0) throw SysError("fchmodat of a tmpfs");
    if (mount.type != "proc") refuse_covering_proc(mount, target.get(), prepared.tree.get());
    if (prepared.words.copy_up) child_copy_up(root, mount.destination, prepared.tree.get());
    sys::move_mount(prepared.tree.get(), "", target.get(), "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
    if (prepared.words.copy_up && (prepared.words.attributes_set & MOUNT_ATTR_RDONLY) != 0) {
      struct mount_attr attributes {};
      attributes.attr_set = MOUNT_ATTR_RDONLY;
      sys::mount_setattr(prepared.tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, attributes);
    }
  } catch (const SysError& error) {
    const std::string& source = mount.source.empty() ? mount.type : mount.source;
    throw error.with_context(fmt::format("mounting {} at {}", source, mount.destination));
  }
}

}  // namespace minidock::runtime
