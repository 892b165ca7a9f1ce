#include "engine/device_options.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <charconv>
#include <cstring>
#include <functional>

#include "base/directory.h"
#include "base/error.h"

namespace minidock {
namespace {

bool is_device(const struct stat& info) { return S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode); }

// What a container's own /dev has: not the host's.
bool is_own_directory(const std::string& path) {
  return path == "/dev/pts" || path == "/dev/shm" || path == "/dev/mqueue" || path == "/dev/fd";
}

bool is_standard_node(const std::string& path) {
  for (const char* name : {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "console"}) {
    if (path == std::string("/dev/") + name) return true;
  }
  return false;
}

// Each device node below `directory`, with the rest of its path; links are not followed.
void for_each_node(const std::string& directory,
                   const std::function<void(const std::string& path, const struct stat& info)>& visit) {
  for (const std::string& name : file::names_in(directory)) {
    const std::string path = directory + "/" + name;
    struct stat info {};
    if (lstat(path.c_str(), &info) != 0) continue;
    if (S_ISDIR(info.st_mode) && !is_own_directory(path)) for_each_node(path, visit);
    if (is_device(info)) visit(path, info);
  }
}

void add_device(runtime::Spec& spec, const std::string& source, const std::string& destination,
                const std::string& access, const struct stat& info) {
  spec.mounts.push_back({destination, "bind", source, {"bind", "rprivate"}});
  // Without rules everything is allowed.
  if (spec.device_rules.empty()) return;
  spec.device_rules.push_back({true, S_ISBLK(info.st_mode) ? "b" : "c", static_cast<std::int64_t>(major(info.st_rdev)),
                               static_cast<std::int64_t>(minor(info.st_rdev)), access});
}

[[noreturn]] void refuse_device(const std::string& path) {
  throw Error(
      ErrorKind::invalid_argument,
      fmt::format("error gathering device information while adding custom device \"{}\": not a device node", path));
}

// "c 1:3 mr", checked by options::parse_device_rule.
runtime::DeviceRule parse_rule(const std::string& text) {
  const auto number = [](const std::string& word) -> std::optional<std::int64_t> {
    if (word == "*") return std::nullopt;
    std::int64_t value = 0;
    std::from_chars(word.data(), word.data() + word.size(), value);
    return value;
  };
  const std::size_t colon = text.find(':');
  const std::size_t space = text.find(' ', colon);
  return {true, text.substr(0, 1), number(text.substr(2, colon - 2)), number(text.substr(colon + 1, space - colon - 1)),
          text.substr(space + 1)};
}

}  // namespace

void add_devices(runtime::Spec& spec, const Resources& resources) {
  for (const DeviceRequest& device : resources.devices) {
    struct stat info {};
    if (stat(device.host_path.c_str(), &info) != 0) {
      throw Error(ErrorKind::not_found,
                  fmt::format("error gathering device information while adding custom device \"{}\": {}",
                              device.host_path, strerrordesc_np(errno)),
                  errno);
    }
    if (is_device(info)) {
      add_device(spec, device.host_path, device.container_path, device.access, info);
    } else if (S_ISDIR(info.st_mode)) {
      const std::size_t before = spec.mounts.size();
      for_each_node(device.host_path, [&](const std::string& path, const struct stat& node) {
        add_device(spec, path, device.container_path + path.substr(device.host_path.size()), device.access, node);
      });
      if (spec.mounts.size() == before) refuse_device(device.host_path);
    } else {
      refuse_device(device.host_path);
    }
  }
  if (spec.device_rules.empty()) return;
  for (const std::string& rule : resources.device_cgroup_rules) spec.device_rules.push_back(parse_rule(rule));
}

void add_all_host_devices(runtime::Spec& spec) {
  for_each_node("/dev", [&](const std::string& path, const struct stat& info) {
    if (!is_standard_node(path)) add_device(spec, path, path, "rwm", info);
  });
}

std::vector<runtime::DeviceRule> default_device_rules() {
  const std::optional<std::int64_t> any;
  // The last match decides. mknod of anything is allowed (the capability rules it), use only of these.
  std::vector<runtime::DeviceRule> rules{
      {false, "a", any, any, "rwm"}, {true, "c", any, any, "m"}, {true, "b", any, any, "m"}};
  for (const auto& [major, minor] : {std::pair{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}, {5, 1}, {5, 2}}) {
    rules.push_back({true, "c", major, minor, "rwm"});
  }
  rules.push_back({true, "c", 136, any, "rwm"});
  return rules;
}

}  // namespace minidock
