#include "engine/runtime/bind_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>

#include <cerrno>

#include "base/file.h"
#include "base/path.h"
#include "base/syscall.h"
#include "engine/runtime/foreign_tree.h"
#include "engine/runtime/overlay.h"
#include "engine/runtime/userns.h"

namespace minidock::runtime {
namespace {

Fd clone_tree(int directory, const std::string& path, const MountWords& words) {
  const unsigned flags = OPEN_TREE_CLONE | (words.is_recursive_bind ? static_cast<unsigned>(AT_RECURSIVE) : 0U) |
                         (path.empty() ? static_cast<unsigned>(AT_EMPTY_PATH) : 0U);
  return sys::open_tree(directory, path, flags);
}

Fd clone_source(const Mount& mount, const MountWords& words) {
  if (const std::optional<ForeignPath> foreign = parse_foreign_path(mount.source)) return clone_foreign_tree(*foreign);
  if (words.subpath.empty()) return clone_tree(AT_FDCWD, mount.source, words);
  // Containers write below the source: their links must not choose what is bound.
  const Fd root = sys::open(mount.source, O_PATH | O_DIRECTORY);
  return clone_tree(path::open_in_root(root.get(), words.subpath, O_PATH).get(), "", words);
}

Fd clone_existing_source(const Mount& mount, const MountWords& words) {
  try {
    return clone_source(mount, words);
  } catch (const SysError& error) {
    if (error.error_number() != ENOENT && error.error_number() != ENOTDIR) throw;
    if (!words.subpath.empty()) {
      throw Error(ErrorKind::invalid_argument,
                  fmt::format("cannot access path {}/{}: no such file or directory", mount.source, words.subpath));
    }
    throw Error(
        ErrorKind::invalid_argument,
        fmt::format("invalid mount config for type \"bind\": bind source path does not exist: {}", mount.source));
  }
}

void shift_owners(int tree, const Spec& spec, const Mount& mount) {
  const bool has_maps = !mount.uid_mappings.empty() && !mount.gid_mappings.empty();
  const std::vector<IdMapping>& uids = has_maps ? mount.uid_mappings : spec.uid_mappings;
  const std::vector<IdMapping>& gids = has_maps ? mount.gid_mappings : spec.gid_mappings;
  if (uids.empty() || gids.empty()) return;  // ids inside are those outside
  const Fd user_namespace = parent_make_user_namespace(uids, gids);
  struct mount_attr attributes {};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<std::uint64_t>(user_namespace.get());
  try {
    sys::mount_setattr(tree, "", AT_EMPTY_PATH, attributes);
  } catch (const SysError& error) {
    if (error.error_number() != EINVAL && error.error_number() != EPERM) throw;
    throw Error(ErrorKind::unsupported,
                fmt::format("the file system of {} cannot show its owners shifted (an idmapped mount)", mount.source),
                error.error_number());
  }
}

void set_attributes(int tree, const MountWords& words) {
  struct mount_attr attributes {};
  attributes.attr_set = words.attributes_set;
  attributes.attr_clr = words.attributes_cleared;
  attributes.propagation = words.propagation;
  // What a new volume gets copied into becomes read-only afterwards.
  if (words.copy_up) attributes.attr_set &= ~static_cast<std::uint64_t>(MOUNT_ATTR_RDONLY);
  if (words.writable_submounts && (attributes.attr_set & MOUNT_ATTR_RDONLY) != 0) {
    struct mount_attr read_only {};
    read_only.attr_set = MOUNT_ATTR_RDONLY;
    sys::mount_setattr(tree, "", AT_EMPTY_PATH, read_only);
    attributes.attr_set &= ~static_cast<std::uint64_t>(MOUNT_ATTR_RDONLY);
  }
  // docker makes a read-only bind so with everything below it.
  if (attributes.attr_set != 0 || attributes.attr_clr != 0 || attributes.propagation != 0) {
    sys::mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, attributes);
  }
}

// The overlay's own root shows what its upper directory is: like the source, the first time.
void make_upper(const std::string& directory, int source) {
  const std::string upper = directory + "/upper";
  file::make_directories(directory, 0700);
  sys::mkdirat_if_absent(AT_FDCWD, directory + "/work", 0700);
  if (!sys::mkdirat_if_absent(AT_FDCWD, upper, 0700)) return;
  const struct stat info = sys::fstat(source);
  const Fd made = sys::open(upper, O_RDONLY | O_DIRECTORY);
  sys::fchown(made.get(), info.st_uid, info.st_gid);
  sys::fchmod(made.get(), info.st_mode & 07777);
}

Fd cover_with_overlay(Fd tree, const Mount& mount, const MountWords& words) {
  if (!S_ISDIR(sys::fstat(tree.get()).st_mode)) {
    throw Error(ErrorKind::invalid_argument, fmt::format("{} is a file: option \"O\" needs a directory", mount.source));
  }
  make_upper(words.overlay, tree.get());
  const OverlayDirectories directories{std::move(tree),         mount.source,        {"."}, words.overlay + "/upper",
                                       words.overlay + "/work", /*is_volatile=*/true};
  return parent_mount_overlay(directories, OverlayCall::automatic, words.attributes_set);
}

}  // namespace

Fd parent_open_bind_source(const Spec& spec, const Mount& mount, const MountWords& words) {
  Fd tree = clone_existing_source(mount, words);
  if (words.idmap) shift_owners(tree.get(), spec, mount);
  if (!words.overlay.empty()) return cover_with_overlay(std::move(tree), mount, words);
  set_attributes(tree.get(), words);
  return tree;
}

}  // namespace minidock::runtime
