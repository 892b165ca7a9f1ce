// Groups in the v1 hierarchies.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fd.h"

namespace minidock::runtime {

// Makes the group "/minidock/<id>" in the hierarchy mounted at `mount`, parents included, and opens its directory.
// A cpuset starts with its parent's CPUs and memory nodes: without them nobody can enter it.
Fd make_v1_group(const std::string& mount, const std::string& path);

// Real-time run time is dealt out top-down: raises the parents' so far that `runtime` microseconds fit beside what
// their other groups have.
void make_room_for_realtime(const std::string& mount, const std::string& path, std::int64_t runtime);

// A process's group of a controller ("memory", or "name=systemd") by its /proc/PID/cgroup, as "/minidock/<id>"; "" when
// it is in none.
std::string v1_group_of(const std::string& proc_cgroup, const std::string& controller);

// Removes the group, which has no processes any more, from every hierarchy.
void remove_v1_groups(const std::string& path);

}  // namespace minidock::runtime
