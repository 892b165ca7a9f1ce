#include "engine/volumes.h"

#include <fcntl.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/path.h"
#include "base/random.h"
#include "base/syscall.h"

namespace minidock {
namespace {

std::string volume_data(const EngineContext& context, const std::string& name) {
  return fmt::format("{}/{}/_data", context.instance.volumes(), name);
}

MountPoint resolve_mount(const EngineContext& context, const MountRequest& request) {
  MountPoint mount;
  mount.destination = request.destination;
  mount.read_only = request.read_only;
  mount.propagation = request.propagation;
  switch (request.type) {
    case MountRequest::Type::tmpfs:
      mount.type = "tmpfs";
      mount.options = request.tmpfs_options;
      break;
    case MountRequest::Type::bind:
      mount.type = "bind";
      mount.source = request.source;
      if (!request.create_source && !file::exists(request.source)) {
        throw Error(
            ErrorKind::invalid_argument,
            fmt::format("invalid mount config for type \"bind\": bind source path does not exist: {}", request.source));
      }
      break;
    case MountRequest::Type::volume:
      mount.type = "volume";
      mount.name = request.source.empty() ? random::hex(32) : request.source;
      mount.source = volume_data(context, mount.name);
      mount.copy_up = !request.no_copy;
      break;
  }
  return mount;
}

}  // namespace

std::vector<MountPoint> resolve_mounts(const EngineContext& context, const HostConfig& host,
                                       const std::vector<std::string>& image_volumes) {
  std::vector<MountPoint> mounts;
  const auto taken = [&](const std::string& destination) {
    return std::any_of(mounts.begin(), mounts.end(),
                       [&](const MountPoint& mount) { return mount.destination == destination; });
  };
  for (const MountRequest& request : host.mounts) {
    if (taken(request.destination)) {
      throw Error(ErrorKind::invalid_argument, fmt::format("Duplicate mount point: {}", request.destination));
    }
    mounts.push_back(resolve_mount(context, request));
  }
  for (const std::string& volume : image_volumes) {
    const std::string destination = path::clean_absolute(volume);
    if (destination == "/") throw Error(ErrorKind::invalid_argument, "the image has a VOLUME on \"/\"");
    if (taken(destination)) continue;
    MountRequest request;
    request.type = MountRequest::Type::volume;
    request.destination = destination;
    mounts.push_back(resolve_mount(context, request));
  }
  return mounts;
}

void register_volumes(EngineContext& context, const ContainerDefinition& definition) {
  for (const MountPoint& mount : definition.mount_points) {
    if (mount.type != "volume") continue;
    const bool anonymous =
        std::none_of(definition.host.mounts.begin(), definition.host.mounts.end(), [&](const MountRequest& request) {
          return request.type == MountRequest::Type::volume && request.source == mount.name;
        });
    storage::Statement insert =
        context.database.prepare("INSERT OR IGNORE INTO volumes(name, created, anonymous) VALUES(?, ?, ?)");
    insert.bind(mount.name).bind(format::now_ns()).bind(std::int64_t{anonymous});
    insert.run();
    storage::Statement use =
        context.database.prepare("INSERT OR IGNORE INTO volume_users(volume, container_id) VALUES(?, ?)");
    use.bind(mount.name).bind(definition.id);
    use.run();
  }
}

void create_mount_sources(const EngineContext& context, const ContainerDefinition& definition,
                          const IdMappings& mappings) {
  for (const MountPoint& mount : definition.mount_points) {
    if (mount.type == "tmpfs" || file::exists(mount.source)) continue;
    if (mount.type == "bind") {
      file::make_directories(mount.source, 0755);
      continue;
    }
    file::make_directories(fmt::format("{}/{}", context.instance.volumes(), mount.name), 0700);
    sys::mkdirat_if_absent(AT_FDCWD, mount.source, 0755);
    sys::fchownat(AT_FDCWD, mount.source, root_uid(mappings), root_gid(mappings), 0);
  }
}

void remove_anonymous_volumes(EngineContext& context, const std::string& container_id) {
  std::vector<std::string> names;
  {
    storage::Statement rows = context.database.prepare(
        "SELECT name FROM volumes JOIN volume_users ON volume = name WHERE anonymous = 1 AND container_id = ?1 "
        "AND NOT EXISTS (SELECT 1 FROM volume_users other WHERE other.volume = name AND other.container_id != ?1)");
    rows.bind(container_id);
    while (rows.step()) names.push_back(rows.text(0));
  }
  for (const std::string& name : names) {
    file::remove_tree(fmt::format("{}/{}", context.instance.volumes(), name));
    storage::Statement users = context.database.prepare("DELETE FROM volume_users WHERE volume = ?");
    users.bind(name);
    users.run();
    storage::Statement row = context.database.prepare("DELETE FROM volumes WHERE name = ?");
    row.bind(name);
    row.run();
  }
}

namespace {

std::uint32_t host_id_of_root(const std::vector<runtime::IdMapping>& mappings) {
  for (const runtime::IdMapping& mapping : mappings) {
    if (mapping.container_id == 0) return mapping.host_id;
  }
  return 0;
}

}  // namespace

std::uint32_t root_uid(const IdMappings& mappings) { return host_id_of_root(mappings.uids); }
std::uint32_t root_gid(const IdMappings& mappings) { return host_id_of_root(mappings.gids); }

}  // namespace minidock
