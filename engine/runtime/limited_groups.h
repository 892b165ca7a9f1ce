// Puts a container's limits in force, wherever this machine has their controllers.
//
// Memory is charged to the group in which a process touches it. So a child that is to be limited stays out of that
// group until its last step before the program: the copy of its parent's memory, its page tables and the mounts that it
// makes are not the container's. Every other group is entered, and all limits are written, beside the building of the
// root.
//
//   parent                                     child
//   plan(); open_for_child() ──── clone ─────► child_step_aside() (v2 with a memory limit: out of the container's
//   group,
//                                              which its cgroup namespace now has for root)
//   enforce(): limits written, v1 groups
//   entered, which takes the kernel ~8 ms      builds its root
//   let_go() ────────────────────────────────► child_enter_groups(): the one with the memory limit; then the program
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fd.h"
#include "engine/runtime/cgroup_layout.h"
#include "engine/runtime/cgroup_limits.h"
#include "engine/runtime/spec.h"

namespace minidock::runtime {

// cgroup.procs of groups, opened by the parent: with its rights the child moves itself, whatever user namespace it is
// in.
struct ChildGroups {
  Fd aside;              // the caller's own group; invalid: the child stays where it was cloned into
  std::vector<Fd> last;  // entered right before the program
};

void child_step_aside(const ChildGroups& groups);
void child_enter_groups(const std::vector<Fd>& groups);

class LimitedGroups {
 public:
  LimitedGroups() = default;
  // Which settings go where. ErrorKind::unsupported for a limit whose controller this machine has not.
  static LimitedGroups plan(const std::string& cgroups_path, const ResourceLimits& limits);

  // Makes the group with the memory limit. `cgroup`: the container's v2 directory.
  ChildGroups open_for_child(int cgroup) const;
  // Writes all limits and moves the child into its v1 groups, but for the memory's.
  void enforce(int cgroup, pid_t child) const;

  // For a container that runs: writes the limits, and brings its processes into groups in which they were not yet. When
  // anything fails all values are put back.
  void change(int cgroup) const;

 private:
  struct V1Group {
    std::string controller;
    std::string mount;
    std::vector<ControlSetting> settings;
  };
  void add_v1(ControlSetting setting, const std::string& mount);
  void enable_v2() const;
  Fd make(const V1Group& group) const;

  std::string path_;
  std::vector<V1Group> v1_;
  std::vector<ControlSetting> v2_;
  bool has_v2_memory_limit_ = false;
};

// What a process needs that is started in a running container with limits: every group that the main process `pid` is
// in. `cgroup`: the v2 directory.
ChildGroups open_groups_of(pid_t pid, const std::string& cgroups_path, int cgroup);

}  // namespace minidock::runtime
