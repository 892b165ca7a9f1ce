// The container's device rules as a CGROUP_DEVICE BPF program on its cgroup.
#pragma once

#include <linux/bpf.h>

#include <vector>

#include "engine/runtime/spec.h"

namespace minidock::runtime {

// The last matching rule decides; no match is a denial. ErrorKind::invalid_argument for an unknown type or access.
std::vector<bpf_insn> assemble_device_filter(const std::vector<DeviceRule>& rules);

// Loads the program and attaches it to the cgroup (directory descriptor). It goes with the cgroup.
void parent_attach_device_filter(int cgroup, const std::vector<DeviceRule>& rules);

}  // namespace minidock::runtime
