#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/fd.h"

namespace minidock::runtime {

// A place in another process's mount namespace, as a bind source names it: "/proc/PID/root/dev/shm".
struct ForeignPath {
  pid_t pid = 0;
  std::string path;  // "/dev/shm"
};
std::optional<ForeignPath> parse_foreign_path(const std::string& source);

// A detached clone of the mount at `place`. The kernel clones only mounts of the caller's own namespace: a short-lived
// process enters the other one for it. No link is followed there (rule R1).
Fd clone_foreign_tree(const ForeignPath& place);

}  // namespace minidock::runtime
