#include "engine/runtime/rootfs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/utsname.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include "base/file.h"
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

// The kernel refuses an upper directory whose last "volatile" mount was not synced (overlayfs.rst, "Volatile mount").
void explain_unclean_volatile(const OverlayRootfs& rootfs) {
  if (!file::exists(rootfs.work + "/work/incompat/volatile")) return;
  throw Error(ErrorKind::conflict,
              fmt::format("{} was used without syncs to disk and may be incomplete: such a container cannot be started "
                          "again, remove it and create a new one",
                          rootfs.upper));
}

OverlayDirectories directories_of(const Spec& spec, int user_namespace) {
  const OverlayRootfs& rootfs = spec.rootfs;
  if (rootfs.layers.empty()) throw Error(ErrorKind::invalid_argument, "a container needs at least one layer");
  OverlayDirectories directories{Fd(),        rootfs.store,       rootfs.layers, rootfs.upper,
                                 rootfs.work, rootfs.is_volatile, false};
  if (user_namespace >= 0) {
    if (rootfs.layer_mapping == LayerMapping::automatic && overlay_takes_idmapped_layers()) {
      directories.layer_mount = clone_idmapped(rootfs.store, user_namespace);
    }
    if (!directories.layer_mount) directories.store = parent_ensure_mapped_layers(spec);
  }
  return directories;
}

// Overlayfs takes no single directory without an upper one; that is the tree itself.
Fd clone_only_layer(const OverlayDirectories& directories) {
  const Fd store =
      directories.layer_mount ? sys::dup_cloexec(directories.layer_mount.get()) : sys::open(directories.store, O_PATH);
  const Fd layer = open_layer(store.get(), directories.store, directories.layers.front(), O_PATH);
  return sys::open_tree(layer.get(), "", OPEN_TREE_CLONE | static_cast<unsigned>(AT_EMPTY_PATH));
}

// The root of Spec::rootfs.directory, without what is mounted below it.
RootMount clone_directory(const std::string& directory, int user_namespace, std::uint64_t attributes) {
  Fd tree = user_namespace >= 0 ? clone_idmapped(directory, user_namespace)
                                : sys::open_tree(AT_FDCWD, directory, OPEN_TREE_CLONE);
  if (!tree) {
    throw Error(ErrorKind::unsupported,
                fmt::format("the file system of {} cannot show its owners shifted into a user namespace (idmapped "
                            "mounts): use --userns host, or another file system",
                            directory));
  }
  struct mount_attr wanted {};
  wanted.attr_set = attributes;
  wanted.propagation = MS_PRIVATE;
  sys::mount_setattr(tree.get(), "", AT_EMPTY_PATH, wanted);
  return RootMount{std::move(tree), Fd()};
}

}  // namespace

RootMount parent_mount_read_only(const Spec& spec, int user_namespace) {
  constexpr std::uint64_t kAttributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID;
  if (!spec.rootfs.directory.empty()) return clone_directory(spec.rootfs.directory, user_namespace, kAttributes);
  OverlayDirectories directories = directories_of(spec, user_namespace);
  directories.is_read_only = true;
  RootMount mount;
  if (directories.upper.empty() && directories.layers.size() == 1) {
    mount.root = clone_only_layer(directories);
    struct mount_attr attributes {};
    attributes.attr_set = kAttributes;
    sys::mount_setattr(mount.root.get(), "", AT_EMPTY_PATH, attributes);
  } else {
    mount.root = parent_mount_overlay(directories, spec.rootfs.overlay_call, kAttributes);
  }
  mount.layers = std::move(directories.layer_mount);
  return mount;
}

RootMount parent_mount_rootfs(const Spec& spec, int user_namespace) {
  const OverlayRootfs& rootfs = spec.rootfs;
  // The super block belongs to the host: nodev, else an image's device nodes would open the host's devices.
  const std::uint64_t attributes = user_namespace >= 0 ? MOUNT_ATTR_NODEV : 0;
  if (!rootfs.directory.empty()) return clone_directory(rootfs.directory, user_namespace, attributes);
  OverlayDirectories directories = directories_of(spec, user_namespace);
  try {
    Fd root = parent_mount_overlay(directories, rootfs.overlay_call, attributes);
    return RootMount{std::move(root), std::move(directories.layer_mount)};
  } catch (const Error& error) {
    if (error.error_number() == EINVAL) explain_unclean_volatile(rootfs);
    if (error.kind() != ErrorKind::system) throw;
    throw error.with_context(fmt::format("mounting the container's root (upper directory {})", rootfs.upper));
  }
}

}  // namespace minidock::runtime
