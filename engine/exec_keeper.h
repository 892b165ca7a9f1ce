// An exec whose client left by its detach keys goes on: its keeper holds the terminal open, as the client did, and
// takes what is written to it, until the process ends.
#pragma once

#include <functional>

namespace minidock {

// Forks the keeper. Descriptors are borrowed. `at_end` runs in it. The caller must be single-threaded.
void leave_to_keeper(int terminal, int pidfd, const std::function<void()>& at_end);

}  // namespace minidock
