#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "base/path.h"
#include "base/random.h"
#include "base/syscall.h"

namespace minidock::file {

std::string read(int fd, std::size_t limit) {
  std::string content;
  content.resize(std::min<std::size_t>(limit + 1, 4096));
  std::size_t used = 0;
  for (;;) {
    if (used == content.size()) {
      if (used > limit) throw Error(ErrorKind::corrupt_data, fmt::format("file is longer than {} bytes", limit));
      content.resize(std::min(content.size() * 4, limit + 1));
    }
    const std::size_t got = sys::read(fd, content.data() + used, content.size() - used);
    if (got == 0) break;
    used += got;
  }
  if (used > limit) throw Error(ErrorKind::corrupt_data, fmt::format("file is longer than {} bytes", limit));
  content.resize(used);
  return content;
}

std::string read(const std::string& path, std::size_t limit) {
  const Fd fd = sys::open(path, O_RDONLY);
  try {
    return read(fd.get(), limit);
  } catch (const Error& error) {
    throw error.with_context(path);
  }
}

std::optional<std::string> read_if_exists(const std::string& path, std::size_t limit) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT || errno == ENOTDIR || errno == ESRCH) return std::nullopt;
    throw SysError(fmt::format("open(\"{}\")", path));
  }
  try {
    return read(fd.get(), limit);
  } catch (const Error& error) {
    // The process behind a /proc file may end between open and read.
    if (error.error_number() == ESRCH) return std::nullopt;
    throw error.with_context(path);
  }
}

void write_existing(const std::string& path, std::string_view content) {
  const Fd fd = sys::open(path, O_WRONLY);
  sys::checked([&] { return fmt::format("write(\"{}\", \"{}\")", path, content); },
               [&] { return ::write(fd.get(), content.data(), content.size()); });
}

void write_at(int dirfd, const std::string& name, std::string_view content, mode_t mode) {
  const Fd fd = sys::openat(dirfd, name, O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW, mode);
  sys::fchmod(fd.get(), mode);
  sys::write_all(fd.get(), content);
}

void write(const std::string& path, std::string_view content, mode_t mode) { write_at(AT_FDCWD, path, content, mode); }

void replace_at(int dirfd, const std::string& name, std::string_view content, mode_t mode) {
  const std::string beside = fmt::format("{}.{}.tmp", name, getpid());
  try {
    write_at(dirfd, beside, content, mode);
    sys::renameat(dirfd, beside, dirfd, name);
  } catch (const Error&) {
    ::unlinkat(dirfd, beside.c_str(), 0);
    throw;
  }
}

void replace(const std::string& path, std::string_view content, mode_t mode) {
  replace_at(AT_FDCWD, path, content, mode);
}

bool exists(const std::string& path) {
  struct stat ignored {};
  return ::lstat(path.c_str(), &ignored) == 0;
}

void make_directories(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return;
  if (errno != ENOENT) throw SysError(fmt::format("mkdir(\"{}\")", path));
  make_directories(path::parent_of(path), mode);
  sys::mkdirat_if_absent(AT_FDCWD, path, mode);
}

namespace {

struct CloseDir {
  void operator()(DIR* dir) const noexcept { closedir(dir); }
};

// Removes what is below one directory. Each level of the walk holds a descriptor, and a hostile tree is as deep as its
// maker liked: what lies deeper than kMaxDepth is first moved up into the top directory.
class TreeRemover {
 public:
  // `top` is borrowed. Its device keeps the walk inside one file system: a mount below the tree is left alone, and the
  // rmdir above it fails.
  explicit TreeRemover(int top) : top_(top), dev_(sys::fstat(top).st_dev) {}

  void run() {
    do {
      moved_ = false;
      // A description of its own: a duplicate would share the position of the one before.
      remove_children(sys::openat(top_, ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW), 0);
    } while (moved_);
  }

 private:
  static constexpr int kMaxDepth = 64;

  void remove_children(Fd directory, int depth) {
    const std::unique_ptr<DIR, CloseDir> dir(fdopendir(directory.get()));
    if (!dir) throw SysError("fdopendir");
    const int fd = directory.release();  // closedir closes it
    while (const dirent* entry = readdir(dir.get())) {
      const std::string name(entry->d_name);
      if (name == "." || name == "..") continue;
      if (entry->d_type != DT_DIR && ::unlinkat(fd, name.c_str(), 0) == 0) continue;
      if (entry->d_type != DT_DIR && errno != EISDIR) {
        if (errno == ENOENT) continue;
        throw SysError(fmt::format("unlinkat({}, \"{}\")", fd, name));
      }
      remove_directory(fd, name, depth);
    }
  }

  void remove_directory(int parent, const std::string& name, int depth) {
    if (depth == kMaxDepth && ::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0) return;
    if (depth == kMaxDepth) {
      sys::renameat(parent, name, top_, random::hex(16), RENAME_NOREPLACE);
      moved_ = true;
      return;
    }
    Fd child = sys::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (sys::fstat(child.get()).st_dev == dev_) remove_children(std::move(child), depth + 1);
    sys::unlinkat(parent, name, AT_REMOVEDIR);
  }

  int top_;
  dev_t dev_;
  bool moved_ = false;
};

}  // namespace

void remove_tree(int dirfd, const std::string& name) {
  if (::unlinkat(dirfd, name.c_str(), 0) == 0 || errno == ENOENT) return;
  if (errno != EISDIR) throw SysError(fmt::format("unlinkat({}, \"{}\")", dirfd, name));
  const Fd directory = sys::openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  TreeRemover(directory.get()).run();
  sys::unlinkat(dirfd, name, AT_REMOVEDIR);
}

void remove_tree(const std::string& path) { remove_tree(AT_FDCWD, path); }

}  // namespace minidock::file
