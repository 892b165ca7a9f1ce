// A container's cgroup stands still while its files are read.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/fd.h"

namespace minidock::runtime {

// Frozen from construction to destruction, and not longer than the caller lives: a process of its own thaws it, so that
// no signal leaves a container frozen. One that was frozen already is left so.
class Frozen {
 public:
  // `cgroups_path`: the container's, of a container that runs.
  explicit Frozen(const std::string& cgroups_path);
  ~Frozen();
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  Fd hold_;  // the guard thaws when all copies of it are closed
  pid_t guard_ = 0;
};

}  // namespace minidock::runtime
