#pragma once

#include <sys/types.h>

#include <vector>

#include "engine/runtime/spec.h"

namespace minidock::runtime {

// Raises hard limits of a process where the document asks for more than it has: inside a user namespace it could not do
// so itself. `pid` 0 is the caller. ErrorKind::invalid_argument for an unknown limit.
void parent_raise_hard_limits(pid_t pid, const std::vector<Rlimit>& limits);

// Last, so that small limits do not hit the set-up.
void child_set_limits(const std::vector<Rlimit>& limits);

}  // namespace minidock::runtime
