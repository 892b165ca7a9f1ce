#include "engine/root_mounts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/directory.h"
#include "base/error.h"
#include "base/file.h"
#include "base/syscall.h"

namespace minidock {
namespace {

std::string directory_of(const storage::Instance& instance, RootMountKind kind) {
  return fmt::format("{}/mounts/{}", instance.state, kind == RootMountKind::container ? "containers" : "images");
}

std::string path_of(const storage::Instance& instance, RootMountKind kind, const std::string& id) {
  return directory_of(instance, kind) + "/" + id;
}

bool is_mount(const std::string& path) {
  struct statx status {};
  if (::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, 0, &status) != 0) {
    if (errno == ENOENT) return false;
    throw SysError(fmt::format("statx(\"{}\")", path));
  }
  return (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

}  // namespace

std::string attach_root_mount(const storage::Instance& instance, RootMountKind kind, const std::string& id, int tree) {
  std::string path = path_of(instance, kind, id);
  file::make_directories(path, 0700);
  sys::move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
  return path;
}

std::optional<std::string> find_root_mount(const storage::Instance& instance, RootMountKind kind,
                                           const std::string& id) {
  std::string path = path_of(instance, kind, id);
  if (!is_mount(path)) return std::nullopt;
  return path;
}

std::vector<std::string> list_root_mounts(const storage::Instance& instance, RootMountKind kind) {
  std::vector<std::string> ids;
  const std::string directory = directory_of(instance, kind);
  for (std::string& name : file::names_in(directory)) {
    if (is_mount(directory + "/" + name)) ids.push_back(std::move(name));
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

bool detach_root_mount(const storage::Instance& instance, RootMountKind kind, const std::string& id) {
  const std::string path = path_of(instance, kind, id);
  if (!file::exists(path)) return false;
  const bool was_mounted = is_mount(path);
  if (was_mounted) sys::umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
  sys::unlinkat_if_present(AT_FDCWD, path, AT_REMOVEDIR);
  return was_mounted;
}

}  // namespace minidock
