// overlayfs over opened directories: three generations of the kernel's interface.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "engine/runtime/spec.h"

namespace minidock::runtime {

// By path: each mount namespace opens them for itself.
struct OverlayDirectories {
  Fd layer_mount;  // detached clone of `store` that the layers are taken from; invalid: `store` itself
  std::string store;
  std::vector<std::string> layers;  // names below the store, top first
  std::string upper;
  std::string work;
  bool is_volatile = false;
  // Nothing is written: `upper` (may be empty) becomes the topmost layer, `work` is not used.
  bool is_read_only = false;
};

// Opens a layer's directory below the opened store; `store_path` is for the error, ErrorKind::not_found.
Fd open_layer(int store, const std::string& store_path, const std::string& layer, int flags);

// A detached overlay mount with MOUNT_ATTR_* attributes, by the first way that the kernel takes (or the one named).
Fd parent_mount_overlay(const OverlayDirectories& directories, OverlayCall call, std::uint64_t attributes);

}  // namespace minidock::runtime
