// A container's limits as values of control files, for v1 hierarchies and for v2.
#pragma once

#include <string>
#include <vector>

#include "engine/runtime/spec.h"

namespace minidock::runtime {

struct ControlSetting {
  std::string controller;  // "memory"
  std::string file;        // "memory.max"
  std::string value;
  // What a kernel with another I/O scheduler has in the place of `file`; "" for none.
  std::string other_file;
  std::string other_value;
  bool operator==(const ControlSetting&) const = default;
};

// In the order in which a new group takes them.
std::vector<ControlSetting> v1_settings(const ResourceLimits& limits);
// Without what only v1 has: swappiness, a disabled OOM killer, real-time scheduling.
std::vector<ControlSetting> v2_settings(const ResourceLimits& limits);

// docker's and the kernel's scales: shares 2..262144 of v1, weight 1..10000 of v2; I/O weight 10..1000 and 1..10000.
std::uint64_t cpu_weight(std::uint64_t shares);
std::uint64_t io_weight(std::uint64_t weight);

// Writes the settings to the open directory. ErrorKind::unsupported when the kernel has no such file.
void write_settings(int group, const std::vector<ControlSetting>& settings);

}  // namespace minidock::runtime
