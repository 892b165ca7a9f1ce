#include "storage/unpack/metadata.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <array>
#include <cerrno>

#include "base/error.h"
#include "base/syscall.h"
#include "storage/unpack/names.h"

namespace minidock::storage {
namespace {

bool is_kept(std::string_view xattr) {
  if (xattr.starts_with("user.")) return !xattr.starts_with("user.overlay.");
  return xattr == "security.capability" || xattr == "system.posix_acl_access" || xattr == "system.posix_acl_default";
}

void set_xattr(int fd, std::string_view name, std::string_view value) {
  if (fsetxattr(fd, std::string(name).c_str(), value.data(), value.size(), 0) == 0) return;
  // A file system without this kind of attribute: docker goes on, too.
  if (errno == EOPNOTSUPP) return;
  throw SysError(fmt::format("cannot set the extended attribute {} ({} bytes)", printable(name), value.size()));
}

std::array<timespec, 2> both(const timespec& mtime) { return {mtime, mtime}; }

}  // namespace

void set_metadata(int fd, const Entry& entry) {
  // The order is the kernel's: a change of owner drops set-user-ID bits and file capabilities.
  sys::fchown(fd, entry.uid, entry.gid);
  for (const auto& [name, value] : entry.xattrs) {
    if (is_kept(name)) set_xattr(fd, name, value);
  }
  sys::fchmod(fd, entry.permissions);
}

void set_metadata_at(int parent, const std::string& name, const Entry& entry) {
  sys::fchownat(parent, name, entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW);
  if (utimensat(parent, name.c_str(), both(entry.mtime).data(), AT_SYMLINK_NOFOLLOW) != 0) {
    throw SysError(fmt::format("cannot set the time of {}", printable(name)));
  }
}

void set_time(int fd, const timespec& mtime) {
  if (futimens(fd, both(mtime).data()) != 0) throw SysError("cannot set a time");
}

}  // namespace minidock::storage
