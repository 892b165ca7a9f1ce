#include "engine/volumes.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/path.h"
#include "base/syscall.h"
#include "engine/propagation.h"
#include "engine/tree_walk.h"
#include "engine/volume_driver.h"
#include "engine/volume_mounts.h"
#include "engine/volume_owner.h"
#include "engine/volume_store.h"

namespace minidock {
namespace {

Volume volume_for(const ContainerDefinition& definition, const MountPoint& mount, const IdMappings& mappings) {
  Volume volume;
  volume.name = mount.name;
  volume.created = format::now_ns();
  volume.anonymous = true;
  volume.owner = mappings;
  for (const MountRequest& request : definition.host.mounts) {
    if (request.type != MountRequest::Type::volume || request.destination != mount.destination) continue;
    volume.anonymous = request.source.empty();
    volume.options = request.driver_options;
    if (!request.labels.empty()) volume.labels = request.labels;
  }
  return volume;
}

void prepare_volume(const EngineContext& context, const std::string& name) {
  const Volume volume = get_volume(context.database, name);
  make_volume_directory(context.instance, volume);
  mount_volume(context, volume);
}

void give_tree_to_root(const std::string& source, const IdMappings& mappings) {
  const Fd top = sys::open(source, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const uid_t uid = root_uid(mappings);
  const gid_t gid = root_gid(mappings);
  sys::fchown(top.get(), uid, gid);
  if (!S_ISDIR(sys::fstat(top.get()).st_mode)) return;
  walk_tree(top.get(), [&](int directory, const std::string& name, const struct stat& info) {
    if (info.st_uid == uid && info.st_gid == gid) return;
    sys::fchownat(directory, name, uid, gid, AT_SYMLINK_NOFOLLOW);
  });
}

std::uint32_t host_id_of_root(const std::vector<runtime::IdMapping>& mappings) {
  for (const runtime::IdMapping& mapping : mappings) {
    if (mapping.container_id == 0) return mapping.host_id;
  }
  return 0;
}

}  // namespace

std::vector<std::string> register_volumes(EngineContext& context, const ContainerDefinition& definition,
                                          const IdMappings& mappings) {
  std::vector<std::string> made;
  for (const MountPoint& mount : definition.mount_points) {
    if (mount.type != "volume") continue;
    if (insert_volume(context.database, volume_for(definition, mount, mappings))) made.push_back(mount.name);
    add_volume_user(context.database, mount.name, definition.id);
  }
  return made;
}

namespace {

// The directories that are new belong to root inside.
void make_source(const std::string& source, const IdMappings& mappings) {
  std::vector<std::string> missing;
  for (std::string part = source; !file::exists(part); part = path::parent_of(part)) missing.push_back(part);
  file::make_directories(source, 0755);
  for (const std::string& directory : missing) {
    sys::fchownat(AT_FDCWD, directory, root_uid(mappings), root_gid(mappings), AT_SYMLINK_NOFOLLOW);
  }
}

}  // namespace

void create_mount_sources(const EngineContext& context, const ContainerDefinition& definition,
                          const IdMappings& mappings) {
  // What a container wrote over its sources (option O) goes with its end.
  file::remove_tree(context.instance.container_dir(definition.id) + "/overlays");
  for (const MountPoint& mount : definition.mount_points) {
    if (mount.type == "tmpfs") continue;
    if (mount.type == "volume") prepare_volume(context, mount.name);
    if (mount.type == "bind" && !file::exists(mount.source)) make_source(mount.source, mappings);
    if (mount.type == "bind") check_propagation(mount.source, mount.propagation);
    if (mount.chown) give_tree_to_root(mount.source, mappings);
  }
}

void translate_volume_owners(const EngineContext& context, const ContainerDefinition& definition,
                             const IdMappings& mappings, runtime::Spec& spec) {
  for (const MountPoint& point : definition.mount_points) {
    if (point.type != "volume" || point.idmap) continue;
    const Volume volume = get_volume(context.database, point.name);
    if (!owns_its_data(volume.options)) continue;
    const auto uids = owner_translation(volume.owner.uids, mappings.uids);
    const auto gids = owner_translation(volume.owner.gids, mappings.gids);
    if (uids.empty() || gids.empty()) continue;
    const auto mount = std::find_if(spec.mounts.begin(), spec.mounts.end(), [&](const runtime::Mount& candidate) {
      return candidate.type == "bind" && candidate.destination == point.destination;
    });
    if (mount == spec.mounts.end()) continue;
    mount->options.emplace_back("idmap");
    mount->uid_mappings = uids;
    mount->gid_mappings = gids;
  }
}

std::vector<std::string> discard_anonymous_volumes(EngineContext& context, const std::string& container_id) {
  std::vector<std::string> names = anonymous_volumes_of(context.database, container_id);
  for (const std::string& name : names) {
    delete_volume(context.database, name);
    discard_volume(context.instance, name);
  }
  return names;
}

std::string overlay_directory(const storage::Instance& instance, const std::string& container_id, std::size_t index) {
  return fmt::format("{}/overlays/{}", instance.container_dir(container_id), index);
}

std::uint32_t root_uid(const IdMappings& mappings) { return host_id_of_root(mappings.uids); }
std::uint32_t root_gid(const IdMappings& mappings) { return host_id_of_root(mappings.gids); }

}  // namespace minidock
