#include "engine/runtime/id_xattrs.h"

#include <endian.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/xattr.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "base/syscall.h"

namespace minidock::runtime {
namespace {

std::string list_names(const std::string& path) {
  const ssize_t size = listxattr(path.c_str(), nullptr, 0);
  if (size < 0 && errno == EOPNOTSUPP) return {};
  if (size < 0) throw SysError(fmt::format("listxattr(\"{}\")", path));
  std::string names(static_cast<std::size_t>(size), '\0');
  const ssize_t got = listxattr(path.c_str(), names.data(), names.size());
  if (got < 0) throw SysError(fmt::format("listxattr(\"{}\")", path));
  names.resize(static_cast<std::size_t>(got));
  return names;
}

std::string read_value(const std::string& path, const std::string& name) {
  std::string value(XATTR_SIZE_MAX, '\0');
  const ssize_t got = getxattr(path.c_str(), name.c_str(), value.data(), value.size());
  if (got < 0) throw SysError(fmt::format("getxattr(\"{}\", \"{}\")", path, name));
  value.resize(static_cast<std::size_t>(got));
  return value;
}

std::string map_acl(std::string value, const TreeCopyOptions& options) {
  for (std::size_t at = sizeof(posix_acl_xattr_header); at + sizeof(posix_acl_xattr_entry) <= value.size();
       at += sizeof(posix_acl_xattr_entry)) {
    posix_acl_xattr_entry entry{};
    std::memcpy(&entry, value.data() + at, sizeof entry);
    const std::uint32_t id = le32toh(entry.e_id);
    if (le16toh(entry.e_tag) == ACL_USER && options.map_uid) entry.e_id = htole32(options.map_uid(id).value_or(id));
    if (le16toh(entry.e_tag) == ACL_GROUP && options.map_gid) entry.e_id = htole32(options.map_gid(id).value_or(id));
    std::memcpy(value.data() + at, &entry, sizeof entry);
  }
  return value;
}

// Revision 2 means the root of the initial user namespace; revision 3 names one.
std::string map_capability(std::string value, const TreeCopyOptions& options) {
  if (!options.map_uid || value.size() < XATTR_CAPS_SZ_2) return value;
  vfs_ns_cap_data data{};
  std::memcpy(&data, value.data(), std::min(value.size(), sizeof data));
  const std::uint32_t magic = le32toh(data.magic_etc);
  const std::uint32_t revision = magic & VFS_CAP_REVISION_MASK;
  if (revision != VFS_CAP_REVISION_2 && revision != VFS_CAP_REVISION_3) return value;
  const std::uint32_t root = revision == VFS_CAP_REVISION_3 ? le32toh(data.rootid) : 0;
  data.magic_etc = htole32((magic & ~static_cast<std::uint32_t>(VFS_CAP_REVISION_MASK)) | VFS_CAP_REVISION_3);
  data.rootid = htole32(options.map_uid(root).value_or(root));
  return std::string(reinterpret_cast<const char*>(&data), sizeof data);
}

}  // namespace

std::string map_xattr(const std::string& name, std::string value, const TreeCopyOptions& options) {
  if (name == "system.posix_acl_access" || name == "system.posix_acl_default")
    return map_acl(std::move(value), options);
  if (name == "security.capability") return map_capability(std::move(value), options);
  return value;
}

void copy_id_xattrs(int source, int target, const TreeCopyOptions& options) {
  const std::string from = fmt::format("/proc/self/fd/{}", source);
  const std::string to = fmt::format("/proc/self/fd/{}", target);
  const std::string names = list_names(from);
  for (std::size_t at = 0; at < names.size(); at += std::strlen(names.c_str() + at) + 1) {
    const std::string name = names.c_str() + at;
    const std::string value = map_xattr(name, read_value(from, name), options);
    if (setxattr(to.c_str(), name.c_str(), value.data(), value.size(), 0) == 0) continue;
    // What the target's file system, or a user namespace, does not have.
    if (errno == EOPNOTSUPP || (options.skip_forbidden_nodes && errno == EPERM)) continue;
    throw SysError(fmt::format("setxattr(\"{}\")", name));
  }
}

}  // namespace minidock::runtime
