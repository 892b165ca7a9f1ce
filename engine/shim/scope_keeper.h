// A container's cgroup where systemd makes it. A scope needs a process from its beginning; the container's is cloned
// into the group, so the group has to be there before. The first process is the helper that has asked for the scope: it
// stays until the container's own is in.
//
//   shim                                helper (minidock internal-hold-scope ID)
//   spawns it ─────────────────────────► asks systemd for the scope, with itself in it
//                 ◄─ end of the report    is in the group (or the report says why not)
//   clones the container into the group
//   a byte, or the end of its input ───► ends
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fd.h"

namespace minidock::shim {

class ScopeKeeper {
 public:
  // Does nothing when `command` is empty. The helper's own error is thrown.
  explicit ScopeKeeper(const std::vector<std::string>& command);
  ScopeKeeper(const ScopeKeeper&) = delete;
  ScopeKeeper& operator=(const ScopeKeeper&) = delete;
  // Has the helper end and waits for it.
  ~ScopeKeeper();

 private:
  pid_t pid_ = 0;
  Fd input_;
};

}  // namespace minidock::shim
