// A container's cgroup stands still while its files are read.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/fd.h"

namespace minidock::runtime {

// Frozen from construction to destruction, and not longer than the caller lives: a process of its own thaws it, so that
// no signal leaves a container frozen. One that was frozen already is left so.
class FrozenCgroup {
 public:
  // `cgroups_path`: of a container that runs. Errors as freeze_cgroup().
  explicit FrozenCgroup(const std::string& cgroups_path);
  ~FrozenCgroup();
  FrozenCgroup(const FrozenCgroup&) = delete;
  FrozenCgroup& operator=(const FrozenCgroup&) = delete;

 private:
  void end_guard() noexcept;

  Fd hold_;  // the guard thaws when all copies of it are closed
  pid_t guard_ = 0;
};

}  // namespace minidock::runtime
