// The jail of a process that handles foreign bytes (rule R7).
#pragma once

#include <sys/types.h>

#include "base/fd.h"

namespace minidock::storage {

// Makes the calling process (single-threaded, forked for this) one that can reach nothing but what lies below
// `directory`: that is its root, in a mount namespace without any other mount; no network; only the capabilities that
// files need; no way to get more. Returns the new root. Descriptors that the caller keeps are its own business; one of
// a directory outside would be a way out.
Fd enter_jail(int directory);

// The same for a process that is given its directories as descriptors: its root is empty and read-only. With a user
// namespace (descriptor, -1: none) it is root there: owners on disk appear as the ids inside, and back. It ends with
// `parent`.
void enter_empty_jail(int user_namespace, pid_t parent);

// Allows only the system calls that reading, inflating and writing files take; any other one kills the process. The
// last step: opening what libraries need comes before.
void restrict_system_calls();

}  // namespace minidock::storage
