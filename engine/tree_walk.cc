#include "engine/tree_walk.h"

#include <fcntl.h>

#include <cerrno>
#include <set>
#include <utility>
#include <vector>

#include "base/directory.h"
#include "base/syscall.h"

namespace minidock {
namespace {

// A directory on the way down: who it is, and what is left to enter in it.
struct Level {
  dev_t device;
  ino_t inode;
  std::vector<std::string> directories;
};

class Walk {
 public:
  Walk(int top, const TreeVisitor& visit)
      : visit_(visit), directory_(sys::openat(top, ".", O_RDONLY | O_DIRECTORY)), device_(stat_here().st_dev) {}

  void run() {
    enter();
    while (!levels_.empty()) {
      if (levels_.back().directories.empty()) {
        levels_.pop_back();
        if (!levels_.empty() && !ascend()) return;
      } else {
        descend();
      }
    }
  }

 private:
  struct stat stat_here() const {
    return sys::fstat(directory_.get());
  }

  void enter() {
    const struct stat here = stat_here();
    Level level{here.st_dev, here.st_ino, {}};
    for (std::string& name : file::names_in(directory_.get())) {
      struct stat info {};
      if (::fstatat(directory_.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;  // gone meanwhile
      if (info.st_dev != device_) continue;
      visit_(directory_.get(), name, info);
      if (S_ISDIR(info.st_mode)) level.directories.push_back(std::move(name));
    }
    levels_.push_back(std::move(level));
  }

  void descend() {
    const std::string name = std::move(levels_.back().directories.back());
    levels_.back().directories.pop_back();
    Fd child(::openat(directory_.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!child || sys::fstat(child.get()).st_dev != device_) return;
    directory_ = std::move(child);
    enter();
  }

  bool ascend() {
    directory_ = sys::openat(directory_.get(), "..", O_RDONLY | O_DIRECTORY);
    const struct stat here = stat_here();
    return here.st_dev == levels_.back().device && here.st_ino == levels_.back().inode;
  }

  const TreeVisitor& visit_;
  Fd directory_;
  dev_t device_;
  std::vector<Level> levels_;
};

}  // namespace

void walk_tree(int top, const TreeVisitor& visit) { Walk(top, visit).run(); }

std::uint64_t tree_size(const std::string& path) {
  const Fd top = sys::openat_unless(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, ENOENT);
  if (!top) return 0;
  std::uint64_t bytes = 0;
  std::set<ino_t> counted;
  walk_tree(top.get(), [&](int, const std::string&, const struct stat& info) {
    if (S_ISDIR(info.st_mode)) return;
    if (info.st_nlink > 1 && !counted.insert(info.st_ino).second) return;
    bytes += static_cast<std::uint64_t>(info.st_size);
  });
  return bytes;
}

}  // namespace minidock
