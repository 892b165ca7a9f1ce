#include "engine/runtime/cgroup_view.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/explain.h"
#include "base/file.h"
#include "base/syscall.h"

namespace minidock::runtime {
namespace {

constexpr mode_t kDirectoryMode = 0755;

void attach_group(int view, const V1Directory& directory) {
  const Fd tree = sys::open_tree(AT_FDCWD, directory.path, OPEN_TREE_CLONE);
  sys::move_mount(tree.get(), "", view, directory.name, MOVE_MOUNT_F_EMPTY_PATH);
}

}  // namespace

Fd child_make_cgroup_view(const std::vector<V1Directory>& directories) {
  const Fd context = sys::fsopen("tmpfs");
  sys::fsconfig_string(context.get(), "source", "tmpfs");
  sys::fsconfig_string(context.get(), "mode", "755");
  sys::fsconfig_create(context.get());
  Fd view = sys::fsmount(context.get(), 0);
  for (const V1Directory& directory : directories) {
    sys::mkdirat(view.get(), directory.name, kDirectoryMode);
    for (const std::string& link : directory.links) sys::symlinkat(directory.name, view.get(), link);
  }
  return view;
}

void child_attach_groups(int view, const std::vector<V1Directory>& directories, std::uint64_t attributes) {
  const explain::Step step("mount", [] { return "attached: the container's groups of the v1 hierarchies"; });
  for (const V1Directory& directory : directories) {
    file::exists(directory.path) ? attach_group(view, directory) : sys::unlinkat(view, directory.name, AT_REMOVEDIR);
  }
  struct mount_attr change {};
  change.propagation = MS_PRIVATE;
  change.attr_set = attributes & ~static_cast<std::uint64_t>(MOUNT_ATTR__ATIME);
  sys::mount_setattr(view, "", AT_EMPTY_PATH | AT_RECURSIVE, change);
}

}  // namespace minidock::runtime
