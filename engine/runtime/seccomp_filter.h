// Loads a compiled filter; engine/seccomp makes them.
#pragma once

#include <linux/filter.h>

#include <string>
#include <vector>

namespace minidock::runtime {

// Reads the file before the clone, while host paths are reachable. "": no filter.
std::vector<sock_filter> parent_read_filter(const std::string& file);

// Needs CAP_SYS_ADMIN in its user namespace, or no_new_privs.
void child_load_filter(const std::vector<sock_filter>& filter);

}  // namespace minidock::runtime
