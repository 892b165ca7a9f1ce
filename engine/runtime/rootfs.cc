#include "engine/runtime/rootfs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/utsname.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include "base/syscall.h"
#include "engine/runtime/mapped_layers.h"
#include "engine/runtime/overlay.h"

namespace minidock::runtime {
namespace {

bool overlay_takes_idmapped_layers() {
  struct utsname names {};
  unsigned major = 0;
  unsigned minor = 0;
  if (uname(&names) != 0 || std::sscanf(names.release, "%u.%u", &major, &minor) != 2) return true;
  return major > 5 || (major == 5 && minor >= 19);
}

// A detached clone of the store that shows its owners shifted by the user namespace; invalid when the kernel or the
// file system cannot.
Fd clone_idmapped(const std::string& store, int user_namespace) {
  Fd tree = sys::open_tree(AT_FDCWD, store, OPEN_TREE_CLONE);
  struct mount_attr attributes {};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<std::uint64_t>(user_namespace);
  try {
    sys::mount_setattr(tree.get(), "", AT_EMPTY_PATH, attributes);
  } catch (const SysError& error) {
    if (error.error_number() == EINVAL || error.error_number() == EOPNOTSUPP || error.error_number() == ENOSYS) {
      return Fd();
    }
    throw;
  }
  return tree;
}

Fd open_layer(int store, const std::string& store_path, const std::string& layer) {
  try {
    return sys::openat2(store, layer, O_PATH | O_DIRECTORY, 0,
                        RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
  } catch (const SysError& error) {
    if (error.error_number() != ENOENT) throw;
    throw Error(ErrorKind::not_found, fmt::format("layer {} is missing in {}: pull the image again", layer, store_path),
                ENOENT);
  }
}

void open_layers(const OverlayRootfs& rootfs, const Spec& spec, int user_namespace, OverlayDirectories& directories) {
  directories.store = rootfs.store;
  Fd store;
  if (user_namespace >= 0 && rootfs.layer_mapping == LayerMapping::automatic && overlay_takes_idmapped_layers()) {
    directories.layer_mount = clone_idmapped(rootfs.store, user_namespace);
  }
  if (!directories.layer_mount) {
    if (user_namespace >= 0) directories.store = parent_ensure_mapped_layers(spec);
    store = sys::open(directories.store, O_PATH | O_DIRECTORY);
  }
  const int base = directories.layer_mount ? directories.layer_mount.get() : store.get();
  for (const std::string& layer : rootfs.layers) {
    directories.lowers.push_back(open_layer(base, directories.store, layer));
  }
}

}  // namespace

Fd parent_mount_rootfs(const Spec& spec, int user_namespace) {
  const OverlayRootfs& rootfs = spec.rootfs;
  if (rootfs.layers.empty()) throw Error(ErrorKind::invalid_argument, "a container needs at least one layer");
  OverlayDirectories directories;
  directories.is_volatile = rootfs.is_volatile;
  open_layers(rootfs, spec, user_namespace, directories);
  directories.upper_path = rootfs.upper;
  directories.upper = sys::open(rootfs.upper, O_PATH | O_DIRECTORY);
  directories.work = sys::open(rootfs.work, O_PATH | O_DIRECTORY);
  // The overlay's super block belongs to the host: nodev, else an image's device nodes would open the host's devices.
  const std::uint64_t attributes = user_namespace >= 0 ? MOUNT_ATTR_NODEV : 0;
  return parent_mount_overlay(directories, rootfs.overlay_call, attributes);
}

}  // namespace minidock::runtime
