// The container's root: an overlay of the image's layers under the container's upper directory, as a detached mount.
#pragma once

#include "base/fd.h"
#include "engine/runtime/spec.h"

namespace minidock::runtime {

struct RootMount {
  Fd root;    // detached
  Fd layers;  // what the layers were taken from; closing it takes a grace period of RCU: not before the child has
              // `root`
};

// Mounts the overlay. With a user namespace (descriptor, -1: none) the layers' owners appear shifted by its maps, and
// device nodes in the image have no power. ErrorKind::not_found for a layer that is not in the store.
RootMount parent_mount_rootfs(const Spec& spec, int user_namespace);

// The same tree for looking at, detached and read-only: layers alone with an empty `upper`.
RootMount parent_mount_read_only(const Spec& spec, int user_namespace);

}  // namespace minidock::runtime
