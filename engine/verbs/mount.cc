// container mount, image mount: a root file system made visible on the host.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>

#include "base/error.h"
#include "base/syscall.h"
#include "engine/container_root.h"
#include "engine/engine.h"
#include "engine/root_mounts.h"
#include "engine/runtime/rootfs.h"
#include "engine/runtime/visible_root.h"
#include "storage/layer_store.h"

namespace minidock {
namespace {

std::string hex_of(const std::string& image_id) { return image_id.substr(image_id.find(':') + 1); }

// A clone of the overlay that the container's processes see.
Fd running_root(const HeldContainer& held) {
  Fd tree = runtime::parent_clone_running_rootfs(held.container.state.running.init);
  struct mount_attr attributes {};
  attributes.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  attributes.propagation = MS_PRIVATE;
  sys::mount_setattr(tree.get(), "", AT_EMPTY_PATH, attributes);
  return tree;
}

Error not_mounted(const std::string& what, const std::string& name) {
  return Error(ErrorKind::conflict, fmt::format("{} {} is not mounted", what, name));
}

std::vector<MountedRoot> mounted(const storage::Instance& instance, RootMountKind kind, const std::string& prefix) {
  std::vector<MountedRoot> result;
  for (const std::string& id : list_root_mounts(instance, kind)) {
    if (const std::optional<std::string> path = find_root_mount(instance, kind, id)) {
      result.push_back({prefix + id, *path});
    }
  }
  return result;
}

}  // namespace

MountedRoot Engine::mount_container(const std::string& name) {
  EngineContext here = context();
  const HeldContainer held = hold_container(here, name);
  const std::string& id = held.container.id();
  if (const std::optional<std::string> path = find_root_mount(instance_, RootMountKind::container, id)) {
    return {id, *path};
  }
  if (held.container.running()) {
    return {id, attach_root_mount(instance_, RootMountKind::container, id, running_root(held).get())};
  }
  const runtime::Spec spec = spec_of(here, held.container);
  make_upper(instance_, id, spec);
  const Fd user_namespace = user_namespace_of(held, spec);
  // Read-only: the next start is not to find another mount that writes to its upper directory.
  const runtime::RootMount mount = runtime::parent_mount_read_only(spec, user_namespace.get());
  return {id, attach_root_mount(instance_, RootMountKind::container, id, mount.root.get())};
}

MountedRoot Engine::mount_image(const std::string& name) {
  const image::Image found = image::get_image(database(), name);
  const std::string hex = hex_of(found.id);
  if (const std::optional<std::string> path = find_root_mount(instance_, RootMountKind::image, hex)) {
    return {found.id, *path};
  }
  runtime::Spec spec;
  spec.rootfs.store = instance_.layers();
  for (auto layer = found.diff_ids.rbegin(); layer != found.diff_ids.rend(); ++layer) {
    spec.rootfs.layers.push_back(storage::layer_directory_name(*layer));
  }
  const runtime::RootMount mount = runtime::parent_mount_read_only(spec, -1);
  return {found.id, attach_root_mount(instance_, RootMountKind::image, hex, mount.root.get())};
}

std::string Engine::unmount_container(const std::string& name) {
  const Container found = resolve(name);
  if (!detach_root_mount(instance_, RootMountKind::container, found.id())) throw not_mounted("container", name);
  return found.id();
}

std::string Engine::unmount_image(const std::string& name) {
  const image::Image found = image::get_image(database(), name);
  if (!detach_root_mount(instance_, RootMountKind::image, hex_of(found.id))) throw not_mounted("image", name);
  return found.id;
}

std::vector<MountedRoot> Engine::mounted_containers() { return mounted(instance_, RootMountKind::container, ""); }

std::vector<MountedRoot> Engine::mounted_images() { return mounted(instance_, RootMountKind::image, "sha256:"); }

}  // namespace minidock
