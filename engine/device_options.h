// --device and --device-cgroup-rule: host nodes in the container, and what its cgroup allows with them.
#pragma once

#include <vector>

#include "engine/definition.h"
#include "engine/runtime/spec.h"

namespace minidock {

// Bind mounts of the host's nodes (a directory stands for all nodes in it) and rules that allow them, appended to the
// document. ErrorKind::not_found with docker's words for a node that is not there.
void add_devices(runtime::Spec& spec, const Resources& resources);

// --privileged: every device node of the host, but for what the container has of its own.
void add_all_host_devices(runtime::Spec& spec);

// Only docker's standard devices; mknod of anything (the capability rules it).
std::vector<runtime::DeviceRule> default_device_rules();

}  // namespace minidock
