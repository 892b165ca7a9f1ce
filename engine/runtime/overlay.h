// overlayfs over opened directories: three generations of the kernel's interface.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "engine/runtime/spec.h"

namespace minidock::runtime {

struct OverlayDirectories {
  // Detached mount that the lowers are on; invalid when they are on the caller's own mounts.
  Fd layer_mount;
  std::string store;       // path that `layer_mount` is a clone of
  std::vector<Fd> lowers;  // O_PATH, top first
  Fd upper;                // O_PATH
  Fd work;
  std::string upper_path;
  bool is_volatile = false;
};

// A detached overlay mount with MOUNT_ATTR_* attributes, by the first way that the kernel takes (or the one named).
Fd parent_mount_overlay(const OverlayDirectories& directories, OverlayCall call, std::uint64_t attributes);

}  // namespace minidock::runtime
