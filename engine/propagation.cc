#include "engine/propagation.h"

#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <sstream>

#include "base/error.h"
#include "base/file.h"

namespace minidock {
namespace {

struct HostMount {
  std::string point;
  bool is_shared = false;
  bool is_slave = false;
};

// "\040" and the like stand for blanks, tabs, newlines and backslashes.
std::string unescape(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      result += static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8));
      i += 3;
    } else {
      result += text[i];
    }
  }
  return result;
}

// "36 35 98:0 /root /point options [shared:N] [master:N] … - type source options"
HostMount parse_line(const std::string& line) {
  std::istringstream fields(line);
  HostMount mount;
  std::string field;
  for (int i = 0; i < 5; ++i) fields >> field;
  mount.point = unescape(field);
  for (fields >> field; fields >> field && field != "-";) {
    mount.is_shared = mount.is_shared || field.starts_with("shared:");
    mount.is_slave = mount.is_slave || field.starts_with("master:");
  }
  return mount;
}

bool is_below(const std::string& path, const std::string& directory) {
  return directory == "/" || path == directory || path.starts_with(directory + "/");
}

// The last one of the longest mount points is on top.
HostMount mount_of(const std::string& path, const std::string& mountinfo) {
  HostMount found;
  std::istringstream lines(mountinfo);
  for (std::string line; std::getline(lines, line);) {
    HostMount mount = parse_line(line);
    if (is_below(path, mount.point) && mount.point.size() >= found.point.size()) found = std::move(mount);
  }
  return found;
}

}  // namespace

void check_propagation(const std::string& source, const std::string& propagation, const std::string& mountinfo) {
  const bool wants_shared = propagation == "shared" || propagation == "rshared";
  const bool wants_slave = propagation == "slave" || propagation == "rslave";
  if (!wants_shared && !wants_slave) return;
  const HostMount mount = mount_of(source, mountinfo);
  if (mount.is_shared || (wants_slave && mount.is_slave)) return;
  throw Error(ErrorKind::invalid_argument, fmt::format("path {} is mounted on {} but it is not a shared{} mount",
                                                       source, mount.point, wants_slave ? " or slave" : ""));
}

void check_propagation(const std::string& source, const std::string& propagation) {
  if (propagation.empty() || propagation.ends_with("private")) return;
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(source.c_str(), nullptr), &std::free);
  check_propagation(real ? real.get() : source, propagation, file::read("/proc/self/mountinfo"));
}

}  // namespace minidock
