// Parent side of a container's main process: the runtime-spec in, a running process out.
//
//   parent (shim)                                child (PID 1 of the container)
//   ContainerProcess::clone(): cgroup, bind sources
//   opened, namespaces joined or cloned ──────────────► file systems made
//   [engine attaches the network meanwhile]
//   prepare(): id maps written, overlay mounted
//   (detached) and handed over, device filter, limits ─► rootfs, mounts, /dev, masks, pivot_root
//   wait_until_built()
//   let_go() ─────────────────────────────────────────► terminal, user, capabilities, seccomp, exec
//   wait_until_started() ◄─ exec succeeded (end of file), or the child's error whole
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/fd.h"
#include "base/process.h"
#include "engine/runtime/spec.h"

namespace minidock::runtime {

// Descriptors of the caller's that the program gets from 3 on: `count` of them, as `first`, `first` + 1, …
struct PreservedDescriptors {
  int first = 3;
  int count = 0;
};

// The process's descriptors, borrowed. The standard ones are ignored (may be -1) when spec.process.terminal is set.
struct StandardStreams {
  int in = -1;
  int out = -1;
  int err = -1;
  PreservedDescriptors preserved = {};
};

class ContainerProcess {
 public:
  // Clones the child into new and joined namespaces and its cgroup. The caller must be single-threaded, root in the
  // initial user namespace, and have PR_SET_DUMPABLE 0; `spec` must live until prepare() has returned. On failure
  // nothing is left: no process, mount or cgroup.
  static ContainerProcess clone(const Spec& spec, const StandardStreams& streams);
  // Gives the child what it waits for: id maps and root. The child's own error is thrown when that is the cause.
  void prepare();

  ContainerProcess(ContainerProcess&&) noexcept;
  // Kills and reaps a child whose program was not seen to start; removes its cgroup. One that runs is left alone.
  ~ContainerProcess();

  pid_t pid() const;  // as the caller sees it
  int pidfd() const;  // borrowed

  // Returns when the child stands in its root: before that, whoever entered its namespaces would stand in the host's.
  // The child's own error is thrown, the child reaped.
  void wait_until_built();

  // The network is ready: the child may go on to exec.
  void let_go();

  // Returns when the program runs; the child's own error (kind, errno, message) is thrown, the child reaped. With
  // a terminal the result is its master side, else invalid.
  Fd wait_until_started();

 private:
  struct Parts;
  explicit ContainerProcess(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// The directory of a cgroup that is no container's; made, parents included, when it is missing.
Fd open_or_make_cgroup(const std::string& cgroups_path);

// Removes the container's cgroup (and kills what is still in it). Safe when there is none.
void remove_cgroup(const std::string& cgroups_path);

// SIGKILL to every process of the cgroup (cgroup.kill, or one by one where the kernel lacks it).
void kill_cgroup(const std::string& cgroups_path);

}  // namespace minidock::runtime
