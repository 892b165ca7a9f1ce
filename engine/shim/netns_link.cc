#include "engine/shim/netns_link.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "base/path.h"
#include "base/syscall.h"
#include "base/trace.h"

namespace minidock::shim {
namespace {

std::optional<std::string> link_target(const std::string& path) noexcept {
  std::array<char, 64> target{};  // ours are shorter
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  if (size < 0 || size == static_cast<ssize_t>(target.size())) return std::nullopt;
  return std::string(target.data(), static_cast<std::size_t>(size));
}

// A link of the form that shims make, whose process is dead, or whose number has gone to a process of the host (a
// container with such a link has a network namespace of its own).
bool is_stale(const std::string& path) {
  const std::optional<std::string> target = link_target(path);
  if (!target || !target->starts_with("/proc/") || !target->ends_with("/ns/net")) return false;
  const std::string_view number = std::string_view(*target).substr(6, target->size() - 6 - 7);
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), pid);
  if (error != std::errc() || end != number.data() + number.size() || pid <= 0) return false;
  struct stat theirs {};
  struct stat ours {};
  if (::stat(target->c_str(), &theirs) != 0) return errno == ENOENT;
  return ::stat("/proc/self/ns/net", &ours) == 0 && theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev;
}

}  // namespace

NetnsLink NetnsLink::create(const std::string& path, pid_t pid) {
  NetnsLink link;
  if (path.empty()) return link;
  file::make_directories(path::parent_of(path), 0755);
  const std::string target = fmt::format("/proc/{}/ns/net", pid);
  // Made beside and renamed: nobody sees the name without a link behind it, and one link replaces another at once.
  const std::string beside = fmt::format("{}.{}.tmp", path, getpid());
  sys::unlinkat_if_present(AT_FDCWD, beside, 0);
  sys::symlinkat(target, AT_FDCWD, beside);
  const bool stale = is_stale(path);
  if (::renameat2(AT_FDCWD, beside.c_str(), AT_FDCWD, path.c_str(), stale ? 0 : RENAME_NOREPLACE) == 0) {
    link.path_ = path;
    link.target_ = target;
    return link;
  }
  const int err = errno;
  ::unlink(beside.c_str());
  if (err != EEXIST) throw SysError(err, fmt::format("renameat2(\"{}\", \"{}\")", beside, path));
  trace::note(fmt::format("{} belongs to somebody else and stays: ip netns cannot name this container", path));
  return link;
}

NetnsLink::NetnsLink(NetnsLink&& other) noexcept
    : path_(std::exchange(other.path_, {})), target_(std::exchange(other.target_, {})) {}

NetnsLink& NetnsLink::operator=(NetnsLink&& other) noexcept {
  if (this != &other) {
    remove();
    path_ = std::exchange(other.path_, {});
    target_ = std::exchange(other.target_, {});
  }
  return *this;
}

void NetnsLink::remove() noexcept {
  if (!path_.empty() && link_target(path_) == target_) ::unlink(path_.c_str());
  path_.clear();
}

}  // namespace minidock::shim
