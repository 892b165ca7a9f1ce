#include "engine/volume_mounts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/stat.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cstring>
#include <vector>

#include "base/directory.h"
#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "base/syscall.h"
#include "engine/volume_driver.h"
#include "engine/volume_quota.h"
#include "engine/volumes.h"

namespace minidock {
namespace {

constexpr char kDiscardedPrefix[] = ".discarded-";
// What the kernel takes for a bind only when it is mounted again (mount(2), "Remounting an existing mount").
constexpr unsigned long kBindAttributes =
    MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME;

// Nobody mounts or unmounts the volume while this is held.
Fd lock_volume(const storage::Instance& instance, const std::string& name) {
  Fd directory = sys::openat_unless(AT_FDCWD, volume_directory(instance, name), O_RDONLY | O_DIRECTORY, 0, ENOENT);
  if (directory) sys::flock(directory.get(), LOCK_EX);
  return directory;
}

bool is_mount_point(const std::string& path) {
  struct statx info {};
  if (::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &info) != 0) return false;
  return (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

bool names_an_owner(const std::string& data) {
  return data.find("uid=") != std::string::npos || data.find("gid=") != std::string::npos;
}

[[noreturn]] void throw_mount_error(const VolumeMount& mount, const std::string& target, int err) {
  const unsigned long flags = mount.flags | mount.propagation;
  throw Error(ErrorKind::system,
              fmt::format("error while mounting volume '{}': failed to mount local volume: mount {}:{}{}{}: {}", target,
                          mount.device, target, flags == 0 ? "" : fmt::format(", flags: {:#x}", flags),
                          mount.data.empty() ? "" : fmt::format(", data: {}", mount.data), std::strerror(err)),
              err);
}

void mount_at(const VolumeMount& mount, const std::string& target) {
  try {
    sys::mount(mount.device, target, mount.type, mount.flags, mount.data);
    if (mount.is_bind() && (mount.flags & kBindAttributes) != 0) {
      sys::mount("", target, "", MS_REMOUNT | MS_BIND | (mount.flags & kBindAttributes), "");
    }
    if (mount.propagation != 0) sys::mount("", target, "", mount.propagation, "");
  } catch (const SysError& error) {
    if (is_mount_point(target)) ::umount2(target.c_str(), MNT_DETACH);
    throw_mount_error(mount, target, error.error_number());
  }
}

void unmount(const std::string& target) {
  while (is_mount_point(target)) sys::umount2(target, MNT_DETACH);
}

bool is_discarded(const std::string& name) { return name.starts_with(kDiscardedPrefix); }

std::vector<std::string> discarded_in(const std::string& directory) {
  std::vector<std::string> names = file::names_in(directory);
  std::erase_if(names, [](const std::string& name) { return !is_discarded(name); });
  return names;
}

}  // namespace

void make_volume_directory(const storage::Instance& instance, const Volume& volume) {
  const std::string data = volume_data(instance, volume.name);
  if (file::exists(data)) return;
  file::make_directories(volume_directory(instance, volume.name), 0700);
  const Fd lock = lock_volume(instance, volume.name);
  if (!sys::mkdirat_if_absent(AT_FDCWD, data, 0755)) return;
  sys::fchownat(AT_FDCWD, data, root_uid(volume.owner), root_gid(volume.owner), AT_SYMLINK_NOFOLLOW);
  const std::optional<std::uint64_t> quota = volume_quota(volume.options);
  if (!quota) return;
  try {
    limit_directory(data, *quota);
  } catch (const Error&) {
    file::remove_tree(volume_directory(instance, volume.name));
    throw;
  }
}

void mount_volume(const EngineContext& context, const Volume& volume) {
  const std::optional<VolumeMount> mount = parse_volume_mount(volume.options);
  if (!mount) return;
  const std::string target = volume_data(context.instance, volume.name);
  const Fd lock = lock_volume(context.instance, volume.name);
  if (is_mount_point(target)) return;
  mount_at(*mount, target);
  // A new tmpfs is the container's, as a new directory is.
  if (mount->type == "tmpfs" && !mount->is_bind() && !names_an_owner(mount->data)) {
    sys::fchownat(AT_FDCWD, target, root_uid(volume.owner), root_gid(volume.owner), AT_SYMLINK_NOFOLLOW);
  }
}

void unmount_unused_volume(EngineContext& context, const std::string& name, const std::string& except) {
  const Fd lock = lock_volume(context.instance, name);
  if (!has_running_user(context.database, name, except)) unmount(volume_data(context.instance, name));
}

void unmount_unused_volumes(EngineContext& context, const std::string& container_id) {
  std::vector<std::string> names;
  {
    storage::Statement rows = context.database.prepare(
        "SELECT volume FROM volume_users JOIN volumes ON name = volume WHERE container_id = ? AND options != '{}'");
    rows.bind(container_id);
    while (rows.step()) names.push_back(rows.text(0));
  }
  for (const std::string& name : names) unmount_unused_volume(context, name, container_id);
}

void discard_volume(const storage::Instance& instance, const std::string& name) {
  const std::string directory = volume_directory(instance, name);
  if (!file::exists(directory)) return;
  unmount(volume_data(instance, name));
  sys::renameat(AT_FDCWD, directory, AT_FDCWD, volume_directory(instance, kDiscardedPrefix + random::hex(8)));
}

void remove_discarded_volumes(const storage::Instance& instance) {
  for (const std::string& name : discarded_in(instance.volumes())) {
    const Fd lock = sys::openat_unless(AT_FDCWD, volume_directory(instance, name), O_RDONLY | O_DIRECTORY, 0, ENOENT);
    // Another command is at it.
    if (!lock || !sys::try_flock(lock.get(), LOCK_EX | LOCK_NB)) continue;
    unmount(volume_data(instance, name));
    release_directory_limit(volume_data(instance, name));
    file::remove_tree(volume_directory(instance, name));
  }
}

}  // namespace minidock
