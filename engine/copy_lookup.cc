#include "engine/copy_lookup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fnmatch.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>

#include "base/directory.h"
#include "base/error.h"
#include "base/path.h"
#include "base/syscall.h"

namespace minidock::copy {
namespace {

constexpr int kMaxLinks = 40;  // as the kernel's own limit

bool names_directory(const std::string& path) { return has_trailing_slash(path) || names_content(path); }

std::optional<struct stat> status_in(int directory, const std::string& name) {
  struct stat status {};
  if (fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return status;
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw SysError(fmt::format("cannot look up {}", name));
}

Found find_without_links(int root, const std::string& path) {
  Found found;
  found.path = path;
  if (names_directory(path)) {
    found.directory = path::open_in_root_if_exists(root, path, O_PATH | O_DIRECTORY);
    found.base = ".";
    if (found.directory) found.status = sys::fstat(found.directory.get());
    return found;
  }
  found.directory = path::open_in_root_if_exists(root, path::parent_of(path), O_PATH | O_DIRECTORY);
  found.base = path::base_name(path);
  if (found.directory) found.status = status_in(found.directory.get(), found.base);
  return found;
}

std::vector<std::string> matching_names(int directory, const std::string& pattern) {
  std::vector<std::string> names = file::names_in(directory);
  std::erase_if(names,
                [&](const std::string& name) { return fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) != 0; });
  std::sort(names.begin(), names.end());
  return names;
}

std::string read_link(const std::string& path) { return sys::readlinkat(AT_FDCWD, path); }

}  // namespace

std::string path_in_root(const std::string& typed) { return keep_ending(path::clean_absolute(typed), typed); }

Found find_in_root(int root, const std::string& path, bool follow) {
  Found found = find_without_links(root, path);
  for (int hops = 0; follow && found.is_link(); ++hops) {
    if (hops == kMaxLinks) throw SysError(ELOOP, fmt::format("following the links of {}", path));
    found = find_without_links(root, behind_link(found.path, sys::readlinkat(found.directory.get(), found.base)));
  }
  return found;
}

std::vector<std::string> expand_in_root(int root, const std::string& pattern) {
  std::vector<std::string> paths = {""};
  std::string rest = path::clean_absolute(pattern).substr(1);
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    const std::string part = rest.substr(0, slash);
    rest = slash == std::string::npos ? "" : rest.substr(slash + 1);
    std::vector<std::string> next;
    for (const std::string& path : paths) {
      const Fd directory = path::open_in_root_if_exists(root, path + "/", O_PATH | O_DIRECTORY);
      if (!directory) continue;
      for (const std::string& name : matching_names(directory.get(), part)) next.push_back(path + "/" + name);
    }
    paths = std::move(next);
  }
  return paths;
}

std::string path_on_host(const std::string& typed) {
  if (typed.starts_with('/')) return path_in_root(typed);
  std::array<char, PATH_MAX> here{};
  if (getcwd(here.data(), here.size()) == nullptr) throw SysError("getcwd");
  return path_in_root(std::string(here.data()) + "/" + typed);
}

Found find_host_source(const std::string& path, bool follow) {
  Found found;
  found.path = path;
  struct stat status {};
  if ((follow ? ::stat : ::lstat)(path.c_str(), &status) != 0) {
    if (errno != ENOENT) throw SysError(fmt::format("lstat {}", path));
    throw Error(ErrorKind::not_found, fmt::format("lstat {}: no such file or directory", path), ENOENT);
  }
  found.status = status;
  if (names_directory(path)) {
    found.directory = sys::open(path, O_PATH | O_DIRECTORY);
    found.base = ".";
    return found;
  }
  if (follow) {
    const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr), &std::free);
    if (!real) throw SysError(fmt::format("realpath(\"{}\")", path));
    found.path = real.get();
  }
  found.directory = sys::open(path::parent_of(found.path), O_PATH | O_DIRECTORY);
  found.base = path::base_name(found.path);
  return found;
}

Destination find_host_destination(const std::string& path) {
  Destination destination{path, false, false};
  struct stat status {};
  int found = ::lstat(path.c_str(), &status);
  for (int hops = 0; found == 0 && S_ISLNK(status.st_mode); ++hops) {
    if (hops == kMaxLinks) throw Error(ErrorKind::invalid_argument, "too many symlinks in " + path, ELOOP);
    destination.path = behind_link(destination.path, read_link(destination.path));
    found = ::lstat(destination.path.c_str(), &status);
  }
  if (found != 0 && errno != ENOENT) throw SysError(fmt::format("lstat {}", destination.path));
  if (found == 0) {
    destination.exists = true;
    destination.is_directory = S_ISDIR(status.st_mode);
  }
  return destination;
}

}  // namespace minidock::copy
