#pragma once

#include <string>

namespace minidock::shim {

// Whether the kernel has killed a process of the cgroup for want of memory (memory.events of cgroup v2,
// memory.oom_control of v1). False when the memory controller does not watch it.
bool was_oom_killed(const std::string& cgroups_path);

}  // namespace minidock::shim
