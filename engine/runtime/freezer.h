// Stops and resumes every process of a container's cgroup (v2 freezer; cgroup-v2.rst, "cgroup.freeze").
#pragma once

#include <string>

namespace minidock::runtime {

// False as well when there is no such cgroup.
bool is_frozen(const std::string& cgroups_path);

// Returns when all of them stand still. ErrorKind::unavailable when one does not within seconds (it hangs in the
// kernel): then they run on.
void freeze_cgroup(const std::string& cgroups_path);
void thaw_cgroup(const std::string& cgroups_path);

}  // namespace minidock::runtime
