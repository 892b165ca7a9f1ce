#include "base/path.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <vector>

#include "base/error.h"
#include "base/syscall.h"

namespace minidock::path {
namespace {

constexpr std::uint64_t kInRoot = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

std::vector<std::string> components(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
      continue;
    }
    parts.emplace_back(part);
  }
  return parts;
}

}  // namespace

Fd open_in_root(int root, const std::string& path, int flags, mode_t mode) {
  return sys::openat2(root, path, flags, mode, kInRoot);
}

Fd open_in_root_if_exists(int root, const std::string& path, int flags) {
  return sys::openat2_if_exists(root, path, flags, kInRoot);
}

Fd make_directories_in_root(int root, const std::string& path, mode_t mode) {
  if (Fd existing = open_in_root_if_exists(root, path, O_PATH | O_DIRECTORY)) return existing;
  // Component by component below `root`, each opened with the prefix resolved in-root, so that a link planted on the
  // way leads to a place inside the root or nowhere. mkdirat itself never follows its last component.
  Fd directory = open_in_root(root, "/", O_PATH | O_DIRECTORY);
  std::string prefix;
  for (const std::string& part : components(path)) {
    prefix += "/" + part;
    Fd next = open_in_root_if_exists(root, prefix, O_PATH | O_DIRECTORY);
    if (!next) {
      sys::mkdirat_if_absent(directory.get(), part, mode);
      next = open_in_root(root, prefix, O_PATH | O_DIRECTORY);
    }
    directory = std::move(next);
  }
  return directory;
}

Fd make_file_in_root(int root, const std::string& path, mode_t mode) {
  Fd target = open_in_root_if_exists(root, path, O_PATH);
  if (!target) {
    const Fd parent = make_directories_in_root(root, parent_of(clean_absolute(path)));
    const std::string name = base_name(clean_absolute(path));
    // O_EXCL never follows a link, dangling ones included.
    sys::openat(parent.get(), name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, mode);
    target = sys::openat2(parent.get(), name, O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS);
  }
  if (S_ISDIR(sys::fstat(target.get()).st_mode)) {
    throw Error(ErrorKind::conflict, fmt::format("{} is a directory, but a file is to be mounted on it", path));
  }
  return target;
}

std::string clean_absolute(std::string_view path) {
  std::string result;
  for (const std::string& part : components(path)) result += "/" + part;
  return result.empty() ? "/" : result;
}

std::string base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

std::string parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

}  // namespace minidock::path
