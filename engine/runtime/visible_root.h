// A container's root as its processes see it, for a command on the host that reaches files by descriptor. The mounts
// belong to a mount namespace that is not the caller's; nothing is attached in the host's.
#pragma once

#include "base/fd.h"
#include "base/process.h"
#include "engine/runtime/spec.h"

namespace minidock::runtime {

struct VisibleRoot {
  Fd root;             // O_PATH; to be walked by openat2(RESOLVE_IN_ROOT) alone
  Fd mount_namespace;  // keeps what is mounted below `root`
};

// Of a running container. ErrorKind::conflict when the process is gone.
VisibleRoot parent_open_running_root(const ProcessId& container);

// The same without the mounts below it: the overlay alone.
Fd parent_clone_running_rootfs(const ProcessId& container);

// Of a container that does not run: its overlay and the document's mounts, which have to be bind mounts. Nobody else
// may mount the same upper directory meanwhile. `user_namespace`: of the container (descriptor, -1: none).
VisibleRoot parent_build_root(const Spec& spec, int user_namespace);

}  // namespace minidock::runtime
