#include "engine/runtime/masks.h"

#include <fcntl.h>

#include "base/path.h"
#include "base/syscall.h"

namespace minidock::runtime {
namespace {

constexpr unsigned kMoveByFd = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;

Fd clone_of(int fd, unsigned flags = 0) {
  return sys::open_tree(fd, "", OPEN_TREE_CLONE | static_cast<unsigned>(AT_EMPTY_PATH) | flags);
}

Fd make_empty_tmpfs() {
  const Fd context = sys::fsopen("tmpfs");
  sys::fsconfig_string(context.get(), "source", "tmpfs");
  sys::fsconfig_string(context.get(), "size", "0");
  sys::fsconfig_string(context.get(), "mode", "755");
  sys::fsconfig_create(context.get());
  return sys::fsmount(context.get(), MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

}  // namespace

void child_mask_paths(int root, const std::vector<std::string>& paths, MaskSource& source) {
  Fd empty;  // attached with the first directory: before Linux 6.15 only an attached mount can be cloned
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const Fd target = path::open_in_root_if_exists(root, paths[i], O_PATH);
    if (!target) continue;
    Fd cover;
    if (!S_ISDIR(sys::fstat(target.get()).st_mode)) {
      cover = source.null ? clone_of(source.null.get()) : std::move(source.clones.at(i));
    } else {
      cover = empty ? clone_of(empty.get()) : make_empty_tmpfs();
    }
    sys::move_mount(cover.get(), "", target.get(), "", kMoveByFd);
    if (!empty && S_ISDIR(sys::fstat(target.get()).st_mode)) empty = std::move(cover);
  }
}

void child_make_readonly(int root, const std::vector<std::string>& paths) {
  for (const std::string& name : paths) {
    const Fd target = path::open_in_root_if_exists(root, name, O_PATH);
    if (!target) continue;
    // A clone keeps nosuid, nodev and noexec of what it covers.
    const Fd tree = clone_of(target.get(), static_cast<unsigned>(AT_RECURSIVE));
    struct mount_attr attributes {};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    sys::mount_setattr(tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, attributes);
    sys::move_mount(tree.get(), "", target.get(), "", kMoveByFd);
  }
}

}  // namespace minidock::runtime
