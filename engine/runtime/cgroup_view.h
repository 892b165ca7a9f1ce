// /sys/fs/cgroup of a container on a machine with v1 hierarchies, as docker shows it: a tmpfs with a directory for each
// of them, where the container's own group is mounted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"

namespace minidock::runtime {

// A container's group in one hierarchy.
struct V1Directory {
  std::string name;                // below /sys/fs/cgroup: "cpu,cpuacct"
  std::string path;                // the host's path of the group
  std::vector<std::string> links;  // other names that lead there: "cpu", "cpuacct"
};

// The tmpfs, detached and writable.
Fd child_make_cgroup_view(const std::vector<V1Directory>& directories);

// When it is attached, the groups have been made and the child still sees the host's mounts. A directory without a
// group goes. `attributes`: MOUNT_ATTR_*, for all of it.
void child_attach_groups(int view, const std::vector<V1Directory>& directories, std::uint64_t attributes);

}  // namespace minidock::runtime
