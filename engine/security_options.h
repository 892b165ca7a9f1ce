// --security-opt as options::parse_security_option gives them.
#pragma once

#include <string>
#include <vector>

namespace minidock {

struct SecurityOptions {
  bool no_new_privileges = false;
  bool unconfined_system_paths = false;  // nothing of /proc and /sys is masked or read-only
  bool writable_cgroups = false;
  bool no_seccomp = false;
  std::string seccomp_profile;  // a document in docker's format; "" for the default profile
};

// ErrorKind::invalid_argument for an unknown option, ErrorKind::unsupported for one that this engine cannot honour.
SecurityOptions parse_security_options(const std::vector<std::string>& options);

}  // namespace minidock
