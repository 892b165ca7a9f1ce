#include "engine/shim/owned_link.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/syscall.h"

namespace minidock::shim {

std::optional<std::string> link_target(const std::string& path) noexcept {
  std::array<char, 128> target{};  // ours are shorter
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  if (size < 0 || size == static_cast<ssize_t>(target.size())) return std::nullopt;
  return std::string(target.data(), static_cast<std::size_t>(size));
}

OwnedLink OwnedLink::create(const std::string& path, const std::string& target, bool replaces) {
  const std::string beside = fmt::format("{}.{}.tmp", path, getpid());
  sys::unlinkat_if_present(AT_FDCWD, beside, 0);
  sys::symlinkat(target, AT_FDCWD, beside);
  OwnedLink link;
  if (::renameat2(AT_FDCWD, beside.c_str(), AT_FDCWD, path.c_str(), replaces ? 0 : RENAME_NOREPLACE) == 0) {
    link.path_ = path;
    link.target_ = target;
    return link;
  }
  const int err = errno;
  ::unlink(beside.c_str());
  if (err != EEXIST) throw SysError(err, fmt::format("renameat2(\"{}\", \"{}\")", beside, path));
  return link;
}

OwnedLink::OwnedLink(OwnedLink&& other) noexcept
    : path_(std::exchange(other.path_, {})), target_(std::exchange(other.target_, {})) {}

OwnedLink& OwnedLink::operator=(OwnedLink&& other) noexcept {
  if (this != &other) {
    remove();
    path_ = std::exchange(other.path_, {});
    target_ = std::exchange(other.target_, {});
  }
  return *this;
}

void OwnedLink::remove() noexcept {
  if (!path_.empty() && link_target(path_) == target_) ::unlink(path_.c_str());
  path_.clear();
}

}  // namespace minidock::shim
