#include "engine/shim/netns_link.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/file.h"
#include "base/path.h"
#include "base/trace.h"

namespace minidock::shim {

bool is_stale_netns_link(const std::string& path) {
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

OwnedLink make_netns_link(const std::string& path, pid_t pid) {
  if (path.empty()) return OwnedLink();
  file::make_directories(path::parent_of(path), 0755);
  OwnedLink link = OwnedLink::create(path, fmt::format("/proc/{}/ns/net", pid), is_stale_netns_link(path));
  if (!link) {
    trace::note(fmt::format("{} belongs to somebody else and stays: ip netns cannot name this container", path));
  }
  return link;
}

}  // namespace minidock::shim
