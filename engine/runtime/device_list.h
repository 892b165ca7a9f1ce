// The container's device rules for the v1 devices controller (cgroup-v1/devices.rst): what is used where the kernel
// takes no BPF program for them (device_filter.h).
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "engine/runtime/spec.h"

namespace minidock::runtime {

// The controller knows one default and a list of exceptions from it.
struct DeviceList {
  bool allows_by_default = false;
  std::vector<std::string> exceptions;  // "c 1:3 rwm"
  bool operator==(const DeviceList&) const = default;
};

// The last matching rule decides; no match is a denial. ErrorKind::unsupported for rules that a list of exceptions
// cannot say: an exception from an exception.
DeviceList device_list(const std::vector<DeviceRule>& rules);

// Makes the group `path` in the hierarchy mounted at `mount`, writes the list there and moves the child into it.
void parent_enforce_device_list(const std::string& mount, const std::string& path, const std::vector<DeviceRule>& rules,
                                pid_t child);

// By a BPF program of the v2 cgroup, else, where the kernel has none (CONFIG_CGROUP_BPF) or bpf(2) is forbidden, by the
// v1 controller. The first one's error is thrown when neither is there.
void parent_control_devices(int cgroup, const std::string& path, const std::vector<DeviceRule>& rules, pid_t child);

}  // namespace minidock::runtime
