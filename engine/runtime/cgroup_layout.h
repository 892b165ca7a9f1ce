// Which hierarchy holds which controller on this machine: v1 hierarchies by where they are mounted, the rest on v2.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace minidock::runtime {

struct V1Hierarchy {
  std::string mount;               // "/sys/fs/cgroup/cpu,cpuacct"
  std::vector<std::string> names;  // of its controllers; "name=systemd" where it has a name
};

struct CgroupLayout {
  std::vector<V1Hierarchy> hierarchies;                // v1's
  std::map<std::string, std::string, std::less<>> v1;  // controller → mount point of its hierarchy
  std::set<std::string, std::less<>> v2;               // controllers of the v2 hierarchy

  bool has(std::string_view controller) const { return v1.contains(controller) || v2.contains(controller); }
};

// From the caller's mount namespace. Costs some file reads: only for who wants a limit or removes a cgroup.
CgroupLayout read_cgroup_layout();

// The v1 hierarchies alone.
CgroupLayout read_v1_layout();

// This machine has no v1 hierarchies, as one statfs(2) says.
bool is_v2_only();

// The same from the texts of /proc/self/mountinfo and of cgroup.controllers in the root of the v2 hierarchy. Of several
// mounts of a hierarchy the first one counts of which `is_visible` says so: another mount may lie on it.
CgroupLayout parse_cgroup_layout(
    std::string_view mountinfo, std::string_view v2_controllers,
    const std::function<bool(const std::string& mount)>& is_visible = [](const std::string&) { return true; });

// What of docker's options this machine's kernel can do.
struct LimitSupport {
  bool memory = false;
  bool swap = false;
  bool memory_reservation = false;
  bool memory_swappiness = false;
  bool disable_oom_killer = false;
  bool cpu_shares = false;
  bool cpu_quota = false;
  bool cpu_realtime = false;
  bool cpuset = false;
  bool pids = false;
  bool block_io_weight = false;
  bool block_io_weight_device = false;
  bool block_io_throttle = false;
};

LimitSupport supported_limits();

}  // namespace minidock::runtime
