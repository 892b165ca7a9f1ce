#include "engine/runtime/tree_copy.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/directory.h"
#include "base/syscall.h"
#include "engine/runtime/id_xattrs.h"

namespace minidock::runtime {
namespace {

void copy_content(int from, int to, off_t size) {
  off_t copied = 0;
  while (copied < size) {
    ssize_t got = copy_file_range(from, nullptr, to, nullptr, static_cast<std::size_t>(size - copied), 0);
    if (got < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS)) {
      got = sendfile(to, from, nullptr, static_cast<std::size_t>(size - copied));
    }
    if (got < 0) throw SysError("copying a file");
    if (got == 0) return;  // it became shorter meanwhile
    copied += got;
  }
}

class TreeCopy {
 public:
  TreeCopy(const TreeCopyOptions& options, int target_root) : options_(options), target_root_(target_root) {}

  void copy_children(int source, int target) {
    for (const std::string& name : file::names_in(source)) copy_entry(source, target, name);
  }

  void copy_attributes(int source, int target, const struct stat& info) {
    sys::fchownat(target, "", mapped_uid(info.st_uid), mapped_gid(info.st_gid), AT_EMPTY_PATH);
    const std::string to = fmt::format("/proc/self/fd/{}", target);
    if (!S_ISLNK(info.st_mode) && chmod(to.c_str(), info.st_mode & 07777) != 0) throw SysError("chmod of a copy");
    // After chown, which drops file capabilities.
    copy_id_xattrs(source, target, options_);
    const std::array<timespec, 2> times = {info.st_atim, info.st_mtim};
    if (utimensat(target, "", times.data(), AT_EMPTY_PATH) != 0 &&
        utimensat(AT_FDCWD, to.c_str(), times.data(), 0) != 0 && errno != ELOOP) {
      throw SysError("utimensat of a copy");
    }
  }

 private:
  uid_t mapped_uid(uid_t uid) const { return options_.map_uid ? options_.map_uid(uid).value_or(uid) : uid; }
  gid_t mapped_gid(gid_t gid) const { return options_.map_gid ? options_.map_gid(gid).value_or(gid) : gid; }

  void copy_entry(int source, int target, const std::string& name) {
    const Fd from = sys::openat(source, name, O_PATH | O_NOFOLLOW);
    const struct stat info = sys::fstat(from.get());
    if (!S_ISDIR(info.st_mode) && info.st_nlink > 1 && link_to_earlier_copy(info, target, name)) return;
    if (!create(source, target, name, info)) return;
    const Fd to = sys::openat(target, name, O_PATH | O_NOFOLLOW);
    if (S_ISDIR(info.st_mode)) {
      const std::size_t length = prefix_.size();
      prefix_ += name + "/";
      copy_children(from.get(), to.get());
      prefix_.resize(length);
    } else if (info.st_nlink > 1) {
      links_[{info.st_dev, info.st_ino}] = prefix_ + name;
    }
    copy_attributes(from.get(), to.get(), info);
  }

  bool link_to_earlier_copy(const struct stat& info, int target, const std::string& name) {
    const auto earlier = links_.find({info.st_dev, info.st_ino});
    if (earlier == links_.end()) return false;
    const Fd copy =
        sys::openat2(target_root_, earlier->second, O_PATH | O_NOFOLLOW, 0, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
    sys::linkat(AT_FDCWD, fmt::format("/proc/self/fd/{}", copy.get()), target, name, AT_SYMLINK_FOLLOW);
    return true;
  }

  // False for what is left out.
  bool create(int source, int target, const std::string& name, const struct stat& info) {
    switch (info.st_mode & S_IFMT) {
      case S_IFDIR:
        sys::mkdirat(target, name, 0700);
        return true;
      case S_IFLNK:
        sys::symlinkat(sys::readlinkat(source, name), target, name);
        return true;
      case S_IFREG: {
        const Fd from = sys::openat(source, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
        const Fd to = sys::openat(target, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
        copy_content(from.get(), to.get(), info.st_size);
        return true;
      }
      case S_IFSOCK:
        return false;  // useless without the process that made it
      default:
        if (mknodat(target, name.c_str(), info.st_mode, info.st_rdev) == 0) return true;
        if (errno == EPERM && options_.skip_forbidden_nodes) return false;
        throw SysError(fmt::format("mknodat(\"{}\", {:#o}, {:#x})", name, info.st_mode, info.st_rdev));
    }
  }

  const TreeCopyOptions& options_;
  int target_root_;
  std::string prefix_;  // of the directory that is being copied, below the root
  // Copies of files with several names, by the original's identity: their paths below the root.
  std::map<std::pair<dev_t, ino_t>, std::string> links_;
};

}  // namespace

void copy_tree(int source, int target, const TreeCopyOptions& options) {
  TreeCopy copy(options, target);
  copy.copy_children(source, target);
  copy.copy_attributes(source, target, sys::fstat(source));
}

bool is_empty_directory(int directory) { return file::names_in(directory).empty(); }

}  // namespace minidock::runtime
