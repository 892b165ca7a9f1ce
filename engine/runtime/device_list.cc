#include "engine/runtime/device_list.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "base/explain.h"
#include "base/file.h"
#include "base/syscall.h"
#include "engine/runtime/cgroup_layout.h"
#include "engine/runtime/cgroup_v1.h"
#include "engine/runtime/device_filter.h"

namespace minidock::runtime {
namespace {

std::string number_or_any(const std::optional<std::int64_t>& number) {
  return number ? fmt::format("{}", *number) : "*";
}

std::string text_of(const DeviceRule& rule) {
  return fmt::format("{} {}:{} {}", rule.type, number_or_any(rule.major), number_or_any(rule.minor), rule.access);
}

bool covers(const std::optional<std::int64_t>& wide, const std::optional<std::int64_t>& narrow) {
  return !wide || wide == narrow;
}

bool covers(const DeviceRule& wide, const DeviceRule& narrow) {
  return wide.type == narrow.type && covers(wide.major, narrow.major) && covers(wide.minor, narrow.minor);
}

bool meet(const std::optional<std::int64_t>& a, const std::optional<std::int64_t>& b) { return !a || !b || a == b; }

bool meet(const DeviceRule& a, const DeviceRule& b) {
  const bool share_access = a.access.find_first_of(b.access) != std::string::npos;
  return a.type == b.type && share_access && meet(a.major, b.major) && meet(a.minor, b.minor);
}

// Takes `rule`, which says the default again, out of the exceptions.
void take_out(const DeviceRule& rule, std::vector<DeviceRule>& exceptions) {
  for (DeviceRule& exception : exceptions) {
    if (!meet(rule, exception)) continue;
    if (!covers(rule, exception)) {
      throw Error(
          ErrorKind::unsupported,
          fmt::format("device rule \"{}\" is an exception from \"{}\": the v1 devices controller of this kernel "
                      "has no such thing",
                      text_of(rule), text_of(exception)));
    }
    std::erase_if(exception.access, [&](char letter) { return rule.access.find(letter) != std::string::npos; });
  }
  std::erase_if(exceptions, [](const DeviceRule& exception) { return exception.access.empty(); });
}

bool decides_all(const DeviceRule& rule) {
  const bool all = std::all_of(std::begin("rwm"), std::end("rwm") - 1,
                               [&](char letter) { return rule.access.find(letter) != std::string::npos; });
  return rule.type == "a" && !rule.major && !rule.minor && all;
}

void add(const DeviceRule& rule, bool allows_by_default, std::vector<DeviceRule>& exceptions) {
  if (rule.type == "a") {
    // The controller takes "a" for everything at once only.
    for (const char* type : {"b", "c"}) {
      DeviceRule part = rule;
      part.type = type;
      add(part, allows_by_default, exceptions);
    }
    return;
  }
  if (rule.allow == allows_by_default) {
    take_out(rule, exceptions);
  } else {
    exceptions.push_back(rule);
  }
}

// What bpf(2) says where it cannot be used at all; anything else is an error of ours.
bool is_missing(const SysError& error) {
  return error.error_number() == ENOSYS || error.error_number() == EPERM || error.error_number() == EINVAL;
}

}  // namespace

DeviceList device_list(const std::vector<DeviceRule>& rules) {
  DeviceList list;
  std::vector<DeviceRule> exceptions;
  for (const DeviceRule& rule : rules) {
    if (decides_all(rule)) {
      list.allows_by_default = rule.allow;
      exceptions.clear();
    } else {
      add(rule, list.allows_by_default, exceptions);
    }
  }
  for (const DeviceRule& exception : exceptions) list.exceptions.push_back(text_of(exception));
  return list;
}

void parent_enforce_device_list(const std::string& mount, const std::string& path, const std::vector<DeviceRule>& rules,
                                pid_t child) {
  const DeviceList list = device_list(rules);
  const Fd group = make_v1_group(mount, path);
  // The default first: it clears the exceptions.
  const Fd allow = sys::openat(group.get(), "devices.allow", O_WRONLY);
  const Fd deny = sys::openat(group.get(), "devices.deny", O_WRONLY);
  sys::write_all(list.allows_by_default ? allow.get() : deny.get(), "a");
  for (const std::string& exception : list.exceptions) {
    sys::write_all(list.allows_by_default ? deny.get() : allow.get(), exception);
  }
  sys::write_all(sys::openat(group.get(), "cgroup.procs", O_WRONLY).get(), fmt::format("{}", child));
}

void parent_control_devices(int cgroup, const std::string& path, const std::vector<DeviceRule>& rules, pid_t child) {
  try {
    parent_attach_device_filter(cgroup, rules);
  } catch (const SysError& error) {
    if (!is_missing(error)) throw;
    const CgroupLayout layout = read_v1_layout();
    const auto mount = layout.v1.find("devices");
    if (mount == layout.v1.end()) throw;
    const explain::Step step("limit", [] { return "this kernel takes no such program: a group of v1 instead"; });
    parent_enforce_device_list(mount->second, path, rules, child);
  }
}

}  // namespace minidock::runtime
