#include "storage/unpack/tree_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/file.h"
#include "base/syscall.h"
#include "storage/overlay_marks.h"
#include "storage/unpack/metadata.h"

namespace minidock::storage {
namespace {

mode_t file_type(EntryType type) {
  switch (type) {
    case EntryType::character_device:
      return S_IFCHR;
    case EntryType::block_device:
      return S_IFBLK;
    default:
      return S_IFIFO;
  }
}

bool is_mount(int parent, const std::string& name) {
  struct statx status {};
  if (statx(parent, name.c_str(), AT_SYMLINK_NOFOLLOW, 0, &status) != 0) throw SysError("statx");
  return (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

std::string below(const Directory& parent, const std::string& name) {
  return parent.path.empty() ? name : parent.path + "/" + name;
}

}  // namespace

TreeWriter::TreeWriter(int root, const UnpackLimits& limits, PathLog& opaque, PathLog times, const WriteRules& rules)
    : root_(root),
      limits_(limits),
      rules_(rules),
      opaque_(opaque),
      times_(std::move(times)),
      directories_(root, limits,
                   {[this] { count_entry(); }, [this](const std::string& path) { opaque_.append(path); }}) {}

void TreeWriter::count_entry() {
  if (++entries_ > limits_.max_entries) {
    throw Error(ErrorKind::corrupt_data, fmt::format("archive: more than {} entries", limits_.max_entries));
  }
}

void TreeWriter::write(const Entry& entry, TarReader& content) {
  count_entry();
  const EntryName name = clean_name(entry.path, limits_);
  const NameKind kind = rules_.whiteouts ? kind_of_name(name.path) : NameKind::plain;
  if (kind == NameKind::ignored) return;
  try {
    if (name.path.empty()) {
      write_root(entry);
      return;
    }
    const DirectoryPtr parent = directories_.open(name.parent());
    switch (kind) {
      case NameKind::opaque:
        opaque_.append(parent->path);
        break;
      case NameKind::whiteout:
        write_whiteout(*parent, whited_out_name(name.base()));
        break;
      default:
        write_plain(entry, name, *parent, content);
    }
  } catch (const SysError& error) {
    throw error.with_context(fmt::format("archive: entry {}", printable(entry.path)));
  }
}

void TreeWriter::write_plain(const Entry& entry, const EntryName& name, const Directory& parent, TarReader& content) {
  switch (entry.type) {
    case EntryType::file:
      write_file(entry, name, parent, content);
      break;
    case EntryType::directory:
      write_directory(entry, name, parent);
      break;
    case EntryType::symlink:
      write_symlink(entry, name, parent);
      break;
    case EntryType::hardlink:
      write_hardlink(entry, name, parent);
      break;
    case EntryType::character_device:
    case EntryType::block_device:
    case EntryType::fifo:
      write_node(entry, name, parent);
      break;
  }
}

// Whiteouts speak about lower layers only: what this layer has under the name stays, and a directory hides the lower
// one.
void TreeWriter::write_whiteout(const Directory& parent, const std::string& name) {
  if (mknodat(parent.fd.get(), name.c_str(), S_IFCHR, 0) == 0) return;
  if (errno != EEXIST) throw SysError("cannot create a whiteout");
  const struct stat status = sys::fstatat(parent.fd.get(), name, AT_SYMLINK_NOFOLLOW);
  if (S_ISDIR(status.st_mode)) opaque_.append(below(parent, name));
}

void TreeWriter::remove_existing(const Directory& parent, const std::string& name, const struct stat& status) {
  // In another mount namespace than ours the kernel would not refuse it, but take the mount away from the container.
  if (rules_.merge_only && is_mount(parent.fd.get(), name)) {
    throw SysError(EBUSY, fmt::format("cannot replace \"/{}\", which is a mount", below(parent, name)));
  }
  if (S_ISDIR(status.st_mode) && rules_.merge_only) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("cannot overwrite directory \"/{}\" with non-directory", below(parent, name)));
  }
  if (S_ISDIR(status.st_mode)) {
    file::remove_tree(parent.fd.get(), name);
  } else {
    sys::unlinkat(parent.fd.get(), name, 0);
  }
  if (S_ISDIR(status.st_mode) || S_ISLNK(status.st_mode)) directories_.forget_all();
}

// `create` returns false when the name is taken (EEXIST).
template <typename Create>
void TreeWriter::create_replacing(const Directory& parent, const std::string& name, Create create) {
  if (create()) return;
  remove_existing(parent, name, sys::fstatat(parent.fd.get(), name, AT_SYMLINK_NOFOLLOW));
  if (!create()) throw Error(ErrorKind::internal, "the layer's directory is changed by somebody else");
}

void TreeWriter::write_root(const Entry& entry) {
  if (entry.type != EntryType::directory) {
    throw Error(ErrorKind::corrupt_data, "archive: an entry replaces the root directory");
  }
  set_metadata(root_, entry);
  times_.append("", entry.mtime);
}

void TreeWriter::write_directory(const Entry& entry, const EntryName& name, const Directory& parent) {
  const std::string base = name.base();
  const std::string real_path = below(parent, base);
  if (!sys::mkdirat_if_absent(parent.fd.get(), base, 0700)) {
    const struct stat status = sys::fstatat(parent.fd.get(), base, AT_SYMLINK_NOFOLLOW);
    if (!S_ISDIR(status.st_mode)) {
      if (rules_.merge_only) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("cannot overwrite non-directory \"/{}\" with directory", real_path));
      }
      remove_existing(parent, base, status);
      sys::mkdirat(parent.fd.get(), base, 0700);
      if (is_whiteout(status)) opaque_.append(real_path);
    }
  }
  Fd directory = open_child_directory(parent.fd.get(), base, O_RDONLY);
  set_metadata(directory.get(), entry);
  times_.append(real_path, entry.mtime);
  directories_.remember(name.path, std::make_shared<Directory>(Directory{std::move(directory), real_path}));
}

void TreeWriter::write_file(const Entry& entry, const EntryName& name, const Directory& parent, TarReader& content) {
  const std::string base = name.base();
  Fd file;
  create_replacing(parent, base, [&] {
    file = sys::openat_unless(parent.fd.get(), base, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0600, EEXIST);
    return file.valid();
  });
  write_content(entry, file.get(), content);
  set_metadata(file.get(), entry);
  set_time(file.get(), entry.mtime);
}

void TreeWriter::write_content(const Entry& entry, int fd, TarReader& content) {
  if (entry.size > limits_.max_bytes || size_ > limits_.max_bytes - entry.size) {
    throw Error(ErrorKind::corrupt_data, fmt::format("archive: more than {} bytes unpacked", limits_.max_bytes));
  }
  size_ += entry.size;
  std::uint64_t end = 0;
  for (Piece piece; content.next_piece(piece);) {
    if (piece.data.empty()) continue;
    if (piece.offset > entry.size || piece.data.size() > entry.size - piece.offset) {
      throw Error(ErrorKind::corrupt_data, fmt::format("archive: {} is longer than its size", printable(entry.path)));
    }
    sys::pwrite_all(fd, piece.data, piece.offset);
    end = std::max(end, piece.offset + piece.data.size());
  }
  // A hole at the end of a sparse file.
  if (end < entry.size) sys::ftruncate(fd, static_cast<off_t>(entry.size));
}

void TreeWriter::write_hardlink(const Entry& entry, const EntryName& name, const Directory& parent) {
  const EntryName target = clean_name(entry.target, limits_);
  if (target.path.empty() || (rules_.whiteouts && kind_of_name(target.path) != NameKind::plain)) {
    throw Error(ErrorKind::corrupt_data,
                fmt::format("archive: {} is a hard link to {}", printable(entry.path), printable(entry.target)));
  }
  const DirectoryPtr target_parent = directories_.open(target.parent());
  const std::string target_base = target.base();
  struct stat status {};
  // Directories have no hard links; another layer's files cannot be reached from here.
  if (fstatat(target_parent->fd.get(), target_base.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
      S_ISDIR(status.st_mode)) {
    throw Error(ErrorKind::corrupt_data,
                fmt::format("archive: {} is a hard link to {}, which is no file of this archive", printable(entry.path),
                            printable(entry.target)));
  }
  const std::string base = name.base();
  struct stat existing {};
  if (fstatat(parent.fd.get(), base.c_str(), &existing, AT_SYMLINK_NOFOLLOW) == 0) {
    if (existing.st_ino == status.st_ino && existing.st_dev == status.st_dev) return;
    remove_existing(parent, base, existing);
  }
  // Without AT_SYMLINK_FOLLOW: a link to a symbolic link is one more name of that link.
  try {
    sys::linkat(target_parent->fd.get(), target_base, parent.fd.get(), base, 0);
  } catch (const SysError& error) {
    // The target lay below what the entry has just replaced.
    if (error.error_number() != ENOENT) throw;
    throw Error(ErrorKind::corrupt_data, fmt::format("archive: {} replaces the directory of its own target {}",
                                                     printable(entry.path), printable(entry.target)));
  }
}

void TreeWriter::write_symlink(const Entry& entry, const EntryName& name, const Directory& parent) {
  if (entry.target.empty() || entry.target.size() >= PATH_MAX) {
    throw Error(ErrorKind::corrupt_data,
                fmt::format("archive: {} has a target of {} bytes", printable(entry.path), entry.target.size()));
  }
  const std::string base = name.base();
  create_replacing(parent, base, [&] {
    if (symlinkat(std::string(entry.target).c_str(), parent.fd.get(), base.c_str()) == 0) return true;
    if (errno != EEXIST) throw SysError("cannot create a symbolic link");
    return false;
  });
  set_metadata_at(parent.fd.get(), base, entry);
}

void TreeWriter::write_node(const Entry& entry, const EntryName& name, const Directory& parent) {
  const std::string base = name.base();
  bool is_left_out = false;
  create_replacing(parent, base, [&] {
    if (mknodat(parent.fd.get(), base.c_str(), file_type(entry.type) | entry.permissions, entry.device) == 0)
      return true;
    is_left_out = errno == EPERM && rules_.optional_devices;
    if (errno != EEXIST && !is_left_out) throw SysError("cannot create a device node or FIFO");
    return is_left_out;
  });
  if (!is_left_out) set_metadata_at(parent.fd.get(), base, entry);
}

void TreeWriter::finish() {
  times_.for_each([this](const std::string& path, const timespec& mtime) {
    try {
      set_time(open_child_directory(root_, path.empty() ? "." : path, O_RDONLY).get(), mtime);
    } catch (const SysError& error) {
      // A later entry put something else there.
      const int err = error.error_number();
      if (err != ENOENT && err != ENOTDIR && err != ELOOP) throw;
    }
  });
  opaque_.flush();
}

}  // namespace minidock::storage
