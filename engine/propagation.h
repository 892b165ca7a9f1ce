#pragma once

#include <string>

namespace minidock {

// A bind can only pass mounts on as far as the mount that its source lies on does: docker's words when that one is not
// shared (for "shared", "rshared"), or neither shared nor slave (for "slave", "rslave"). ErrorKind::invalid_argument.
void check_propagation(const std::string& source, const std::string& propagation);

// The same with the text of /proc/self/mountinfo (proc_pid_mountinfo(5)); `source` has no links.
void check_propagation(const std::string& source, const std::string& propagation, const std::string& mountinfo);

}  // namespace minidock
