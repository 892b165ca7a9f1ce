// Containers whose cgroup systemd makes (docker's native.cgroupdriver=systemd): a transient scope in a slice. Which
// ones they are is told by the path, "/a.slice/a-b.slice/minidock-<id>.scope".
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/runtime/spec.h"

namespace minidock::runtime {

bool is_systemd_scope(const std::string& cgroups_path);

// The path of a slice: each "-" in its name is a level (systemd.slice(5)). ErrorKind::invalid_argument, in docker's
// words, for what is no slice's name.
std::string slice_path(const std::string& slice);

// A property of a unit, as StartTransientUnit takes it.
struct UnitProperty {
  using Value = std::variant<bool, std::uint64_t, std::string, std::vector<std::uint8_t>, std::vector<std::uint32_t>>;
  std::string name;
  Value value;
  bool operator==(const UnitProperty&) const = default;
};

// The limits in systemd's words. They are written into the control files besides; but what systemd does not know of it
// takes back the next time that it is told to reload.
std::vector<UnitProperty> limit_properties(const ResourceLimits& limits);

// Everything for the scope at `cgroups_path` with process `pid` in it.
std::vector<UnitProperty> scope_properties(const std::string& cgroups_path, const ResourceLimits& limits,
                                           std::uint32_t pid);

}  // namespace minidock::runtime
