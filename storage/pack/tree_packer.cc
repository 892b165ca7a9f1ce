#include "storage/pack/tree_packer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/mount.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/directory.h"
#include "base/error.h"
#include "base/syscall.h"
#include "storage/overlay_marks.h"
#include "storage/unpack/directories.h"
#include "storage/unpack/names.h"

namespace minidock::storage {
namespace {

constexpr std::uint64_t kNoLinks = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
constexpr std::size_t kBuffer = 256 * 1024;
// A descriptor a level.
constexpr int kMaxDepth = 1024;
constexpr off_t kSmallestSparse = 64 * 1024;

std::string joined(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : directory + "/" + name;
}

std::vector<std::string> sorted_names(int directory) {
  std::vector<std::string> names = file::names_in(directory);
  std::sort(names.begin(), names.end());
  return names;
}

// Those that the unpacker takes.
bool is_packed(std::string_view xattr) {
  if (xattr.starts_with("user.")) return !xattr.starts_with("user.overlay.");
  return xattr == "security.capability" || xattr == "system.posix_acl_access" || xattr == "system.posix_acl_default";
}

void read_xattrs(int fd, PackedEntry& entry) {
  const ssize_t size = flistxattr(fd, nullptr, 0);
  if (size <= 0) return;  // none, or a file system without them
  std::string list(static_cast<std::size_t>(size), '\0');
  const ssize_t got = flistxattr(fd, list.data(), list.size());
  if (got <= 0) return;
  list.resize(static_cast<std::size_t>(got));
  std::string value;
  for (std::size_t at = 0; at < list.size(); at += std::strlen(list.c_str() + at) + 1) {
    const std::string name = list.c_str() + at;
    if (!is_packed(name)) continue;
    value.resize(XATTR_SIZE_MAX);
    const ssize_t length = fgetxattr(fd, name.c_str(), value.data(), value.size());
    if (length >= 0) entry.xattrs.emplace_back(name, value.substr(0, static_cast<std::size_t>(length)));
  }
}

// Fills in `entry.data` when the file has holes that its file system tells of.
void find_holes(int file, PackedEntry& entry) {
  const off_t size = entry.status.st_size;
  if (size < kSmallestSparse || entry.status.st_blocks * 512 >= size) return;
  for (off_t at = 0; at < size;) {
    const off_t data = ::lseek(file, at, SEEK_DATA);
    if (data < 0 && errno != ENXIO) return entry.data.clear();
    if (data < 0 || data >= size) break;
    const off_t end = std::min(::lseek(file, data, SEEK_HOLE), size);
    if (end <= data) return entry.data.clear();
    entry.data.emplace_back(data, end - data);
    at = end;
  }
  if (entry.data.empty()) entry.data.emplace_back(0, 0);
}

void find_opaque(int directory, const std::string& path, int depth, std::set<std::string>& found) {
  if (depth > kMaxDepth) return;  // packing it fails with the reason
  for (const std::string& name : sorted_names(directory)) {
    struct stat status {};
    if (fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(status.st_mode)) continue;
    Fd child;
    try {
      child = open_child_directory(directory, name, O_RDONLY);
    } catch (const SysError& error) {
      if (error.error_number() == ENOENT || error.error_number() == ENOTDIR) continue;  // gone since
      throw;
    }
    const std::string child_path = joined(path, name);
    if (is_opaque(child.get())) found.insert(child_path);
    find_opaque(child.get(), child_path, depth + 1, found);
  }
}

}  // namespace

Fd open_own_descriptors() {
  const Fd context = sys::fsopen("proc");
  sys::fsconfig_string(context.get(), "subset", "pid");
  sys::fsconfig_string(context.get(), "hidepid", "ptraceable");
  sys::fsconfig_create(context.get());
  const Fd proc =
      sys::fsmount(context.get(), MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  return sys::openat(proc.get(), "self/fd", O_PATH | O_DIRECTORY);
}

std::set<std::string> find_opaque_directories(int upper) {
  std::set<std::string> found;
  find_opaque(sys::openat(upper, ".", O_RDONLY | O_DIRECTORY).get(), "", 0, found);
  return found;
}

TreePacker::TreePacker(TarWriter& tar, int descriptors, const PackRules& rules)
    : tar_(tar), descriptors_(descriptors), rules_(rules), buffer_(kBuffer) {}

void TreePacker::pack(int parent, const std::string& base, const std::string& name) {
  if (base == "." && name.empty()) {
    pack_children(sys::openat2(parent, ".", O_RDONLY | O_DIRECTORY, 0, kNoLinks).get(), "", "", 0);
    return;
  }
  // Names begin with "/" below a root that is packed as such.
  const Place place{parent, base, name == "/" ? "" : name, ""};
  struct stat status {};
  if (fstatat(parent, base.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    throw SysError(errno, fmt::format("cannot read {}", printable(name)));
  }
  pack_place(place, 0);
}

void TreePacker::pack_place(const Place& place, int depth) {
  if (rules_.excluded.contains(place.path) && depth > 0) return;
  if (depth > kMaxDepth) {
    throw Error(ErrorKind::unsupported,
                fmt::format("{} is deeper than {} directories", printable(place.name), kMaxDepth));
  }
  Fd object;
  try {
    object = sys::openat2(place.parent, place.base, O_PATH | O_NOFOLLOW, 0, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
  } catch (const SysError& error) {
    if (error.error_number() == ENOENT && depth > 0) return;  // removed since the directory was read
    throw;
  }
  PackedEntry entry;
  entry.name = place.name;
  entry.status = sys::fstat(object.get());
  try {
    switch (entry.status.st_mode & S_IFMT) {
      case S_IFDIR:
        return pack_directory(place, std::move(entry), depth);
      case S_IFREG:
        if (rules_.as_layer && place.base.starts_with(".wh.")) {
          throw Error(ErrorKind::unsupported,
                      fmt::format("{} cannot be part of an image: in layers such a name marks a removed file",
                                  printable(place.path)));
        }
        return pack_file(std::move(entry), object.get());
      case S_IFLNK:
        entry.link = sys::readlinkat(object.get(), "");
        return tar_.begin(entry);
      case S_IFSOCK:
        return;  // useless without the process that made it
      default:
        if (rules_.as_layer && is_whiteout(entry.status)) return pack_whiteout(place, std::move(entry));
        return tar_.begin(entry);
    }
  } catch (const SysError& error) {
    if (error.error_number() == EPIPE) throw;
    throw error.with_context(fmt::format("reading {}", printable(place.name)));
  }
}

void TreePacker::pack_directory(const Place& place, PackedEntry entry, int depth) {
  Fd directory;
  try {
    directory = sys::openat2(place.parent, place.base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, kNoLinks);
  } catch (const SysError& error) {
    const int err = error.error_number();
    if (depth > 0 && (err == ENOENT || err == ENOTDIR || err == ELOOP)) return;  // replaced since
    throw;
  }
  entry.name += "/";
  const std::string prefix = entry.name;
  read_xattrs(directory.get(), entry);
  tar_.begin(entry);
  if (rules_.as_layer && rules_.opaque.contains(place.path)) pack_opaque_mark(prefix, entry.status);
  pack_children(directory.get(), prefix, place.path, depth);
}

void TreePacker::pack_children(int directory, const std::string& prefix, const std::string& path, int depth) {
  for (const std::string& name : sorted_names(directory)) {
    pack_place(Place{directory, name, prefix + name, joined(path, name)}, depth + 1);
  }
}

void TreePacker::pack_file(PackedEntry entry, int object) {
  const std::pair<dev_t, ino_t> identity{entry.status.st_dev, entry.status.st_ino};
  if (entry.status.st_nlink > 1) {
    const auto [first, is_new] = names_.emplace(identity, entry.name);
    if (!is_new) {
      entry.hard_link = first->second;
      return tar_.begin(entry);
    }
  }
  // By what is held, not by its name, which may be a device's by now.
  const Fd file = sys::openat(descriptors_, fmt::format("{}", object), O_RDONLY | O_NONBLOCK | O_NOCTTY);
  read_xattrs(file.get(), entry);
  find_holes(file.get(), entry);
  tar_.begin(entry);
  pack_content(file.get(), entry);
}

void TreePacker::pack_content(int file, const PackedEntry& entry) {
  const std::uint64_t size = static_cast<std::uint64_t>(entry.status.st_size);
  std::uint64_t at = 0;
  const auto write_zeros = [&](std::uint64_t end) {
    std::fill(buffer_.begin(), buffer_.end(), '\0');
    for (; at < end; at += std::min<std::uint64_t>(buffer_.size(), end - at)) {
      tar_.write({buffer_.data(), std::min<std::uint64_t>(buffer_.size(), end - at)});
    }
  };
  const auto copy = [&](std::uint64_t end) {
    while (at < end) {
      const std::size_t got =
          sys::pread(file, buffer_.data(), std::min<std::uint64_t>(buffer_.size(), end - at), static_cast<off_t>(at));
      if (got == 0) break;  // shorter than it was: the rest is zeros, as the header promised
      tar_.write({buffer_.data(), got});
      at += got;
    }
  };
  if (entry.data.empty()) copy(size);
  for (const auto& [offset, length] : entry.data) {
    write_zeros(offset);
    copy(offset + length);
  }
  write_zeros(size);
}

void TreePacker::pack_whiteout(const Place& place, PackedEntry entry) {
  entry.name = place.name.substr(0, place.name.size() - place.base.size()) + ".wh." + place.base;
  entry.status.st_mode = S_IFREG;
  entry.status.st_size = 0;
  entry.status.st_uid = 0;
  entry.status.st_gid = 0;
  tar_.begin(entry);
}

void TreePacker::pack_opaque_mark(const std::string& prefix, const struct stat& directory) {
  PackedEntry mark;
  mark.name = prefix + ".wh..wh..opq";
  mark.status.st_mode = S_IFREG;
  mark.status.st_mtim = directory.st_mtim;
  tar_.begin(mark);
}

}  // namespace minidock::storage
