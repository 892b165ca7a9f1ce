// How overlayfs marks in an upper directory what hides the layers below (kernel: Documentation/filesystems/overlayfs).
#pragma once

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

namespace minidock::storage {

inline constexpr const char* kOpaqueAttribute = "trusted.overlay.opaque";

// The name is deleted.
inline bool is_whiteout(const struct stat& status) {
  return S_ISCHR(status.st_mode) && status.st_rdev == makedev(0, 0);
}

// The directory takes nothing over from those of its name below.
inline bool is_opaque(int directory) {
  char value = 0;
  return fgetxattr(directory, kOpaqueAttribute, &value, 1) == 1 && value == 'y';
}

}  // namespace minidock::storage
