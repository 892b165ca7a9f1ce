// Puts a container's limits in force, wherever this machine has their controllers.
//
// On a machine with v1 hierarchies the container has a group in each of them, with limits or without: programs look
// there for what they may use, and `stats` for what they have used.
//
// Memory is charged to the group in which a process touches it. So a child that is to be limited stays out of that
// group until its last step before the program: the copy of its parent's memory, its page tables and the mounts that it
// makes are not the container's. It is in there only while its cgroup namespace is made, whose root that group becomes.
//
//   parent                                     child
//   plan(); open_v2_for_child() ─── clone ───► v2 alone: cgroup namespace; child_enter_groups(aside)
//   open_v1_for_child(): groups made ────────► child_enter_groups(first), cgroup namespace, child_enter_groups(aside)
//   enforce(): limits written                  completes its root
//   let_go() ────────────────────────────────► child_enter_groups(last): the one with the memory limit; the program
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fd.h"
#include "engine/runtime/cgroup_layout.h"
#include "engine/runtime/cgroup_limits.h"
#include "engine/runtime/cgroup_view.h"
#include "engine/runtime/spec.h"

namespace minidock::runtime {

// Where groups are entered, opened by the parent: with its rights the child moves itself, whatever user namespace it is
// in.
struct ChildGroups {
  std::vector<Fd> first;  // before the cgroup namespace is made
  std::vector<Fd> aside;  // after that, instead of those with a memory limit
  std::vector<Fd> last;   // right before the program
};

// Three messages of Step::groups.
void parent_send_groups(int channel, const ChildGroups& groups);
ChildGroups child_receive_groups(int channel);

// The caller has one thread.
void child_enter_groups(const std::vector<Fd>& groups);

class LimitedGroups {
 public:
  LimitedGroups() = default;
  // Which settings go where. ErrorKind::unsupported for a limit whose controller this machine has not.
  static LimitedGroups plan(const std::string& cgroups_path, const ResourceLimits& limits);

  // `cgroup`: the container's v2 directory.
  ChildGroups open_v2_for_child(int cgroup) const;
  // Makes the groups: beside the child's building of the root, for that takes the kernel a millisecond.
  ChildGroups open_v1_for_child(int cgroup) const;
  // This machine has v1 hierarchies.
  bool has_v1() const { return !v1_.empty(); }
  std::vector<V1Directory> directories() const;
  // Writes all limits.
  void enforce(int cgroup) const;

  // For a container that runs: writes the limits, and brings its processes into groups in which they were not yet. When
  // anything fails all values are put back.
  void change(int cgroup) const;

 private:
  struct V1Group {
    V1Hierarchy hierarchy;
    std::vector<ControlSetting> settings;
    bool limits_memory() const;
  };
  void add_v2(int cgroup, ChildGroups& groups) const;
  void enable_v2() const;
  Fd make(const V1Group& group) const;
  Fd make_if_possible(const V1Group& group) const;

  std::string path_;
  std::vector<V1Group> v1_;
  std::vector<ControlSetting> v2_;
  bool has_v2_memory_limit_ = false;
};

// What a process needs that is started in a running container with limits, or on a machine with v1 hierarchies: every
// group of the container's that the main process `pid` is in. `cgroup`: the v2 directory.
ChildGroups open_groups_of(pid_t pid, const std::string& cgroups_path, int cgroup);

}  // namespace minidock::runtime
