// A container's cgroup on the v2 hierarchy: membership, kill and the device filter. Hybrid hosts have it beside the v1
// controllers; where nobody mounted it, the kernel's default hierarchy is reached through a mount of our own.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fd.h"

namespace minidock::runtime {

// Owns the directory: removed with what is in it unless released.
class Cgroup {
 public:
  Cgroup() = default;
  // Makes `path` ("/minidock/<id>") anew, parents as needed. What a killed predecessor left there is removed first.
  // A scope is there already: systemd makes and removes it.
  static Cgroup create(const std::string& path);

  Cgroup(Cgroup&& other) noexcept : path_(std::move(other.path_)), fd_(std::move(other.fd_)) { other.path_.clear(); }
  Cgroup& operator=(Cgroup&& other) noexcept;
  ~Cgroup() { remove(); }

  // Directory for CLONE_INTO_CGROUP, -1 when there is none.
  int fd() const { return fd_.get(); }
  void release() noexcept {
    path_.clear();
    fd_.reset();
  }

 private:
  static Cgroup adopt(const std::string& path);
  void remove() noexcept;

  std::string path_;
  Fd fd_;
};

// The v2 cgroup "/minidock/<id>", "/" for the root; invalid when it does not exist.
Fd open_v2_cgroup(const std::string& path);

// A control file of a group in any hierarchy; "" when it is missing, or the group has gone meanwhile. `group` -1: none.
std::string read_control_file(int group, const std::string& name);

// The path of the caller's own v2 cgroup.
std::string own_v2_cgroup();

// Lets the groups directly below each ancestor of `path` use the controllers (cgroup.subtree_control).
// ErrorKind::conflict for an ancestor that holds processes of its own.
void enable_v2_controllers(const std::string& path, const std::vector<std::string>& controllers);

// Every process of the cgroup and of those below it.
std::vector<pid_t> processes_of_cgroup(int cgroup);

// Removes the empty groups below it; works in any hierarchy.
void remove_groups_below(int cgroup);

// Opens the cgroup that a process of the container is in: below `path` when the container made sub-groups (a parent
// with controllers takes no processes), else `path` itself. Invalid when there is none.
Fd parent_open_cgroup_of(pid_t pid, const std::string& path);

// Lets root of the user namespace manage the sub-tree (OCI runtime-spec, "Cgroup ownership").
void parent_delegate_cgroup(int cgroup, uid_t uid);

// A detached cgroup2 mount rooted at the caller's cgroup namespace. Attributes: MOUNT_ATTR_*.
Fd child_make_cgroup_mount(unsigned attributes);

}  // namespace minidock::runtime
