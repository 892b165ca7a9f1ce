// The last steps before the program runs, the same for a container's main process and for exec: user, directory,
// limits, capabilities, filter.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "base/fd.h"
#include "engine/runtime/container_process.h"
#include "engine/runtime/spec.h"
#include "engine/runtime/terminal.h"

namespace minidock::runtime {

struct Execution {
  const Process& process;
  const std::vector<sock_filter>& filter;
  StandardStreams streams;  // used unless there is a terminal
  int root = -1;            // the container's root directory
  int channel = -1;         // `ready` goes there before exec
  const Terminal* terminal = nullptr;
  bool dies_with_parent = false;
  const std::vector<Fd>& last_groups;  // see ChildGroups
};

// Default signal actions, an empty mask, no memory that others may read, no keys of the host's.
void child_leave_parent(bool dies_with_parent);

// Only returns by throwing. The caller is root of its user namespace, inside the container's root, umask 0.
[[noreturn]] void child_execute(const Execution& execution);

}  // namespace minidock::runtime
