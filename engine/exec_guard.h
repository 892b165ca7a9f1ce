// `exec --kill-on-disconnect`: what an exec has started does not outlive its client, however that ends.
//
// All of it is in one cgroup below the container's, so nothing that it starts can slip away by becoming a daemon. A
// process of its own, the guard, waits for the end of the client (the other end of a pipe closes, also by SIGKILL),
// then kills the cgroup and removes it.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/fd.h"

namespace minidock {

class ExecGuard {
 public:
  // `cgroup`: the path of the exec's own cgroup, which must exist. The caller must be single-threaded.
  explicit ExecGuard(const std::string& cgroup);
  ExecGuard(const ExecGuard&) = delete;
  ExecGuard& operator=(const ExecGuard&) = delete;
  // The end of the client: returns when everything is gone.
  ~ExecGuard();
  // The client leaves on purpose (detach keys): nothing is killed, the cgroup goes with the container's.
  void release() noexcept;

 private:
  pid_t guard_ = 0;
  Fd client_;
};

}  // namespace minidock
