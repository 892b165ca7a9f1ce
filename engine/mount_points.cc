#include "engine/mount_points.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/random.h"
#include "engine/container_store.h"
#include "engine/mount_options.h"
#include "engine/volume_driver.h"
#include "engine/volume_store.h"

namespace minidock {
namespace {

using Type = MountRequest::Type;

[[noreturn]] void invalid(const std::string& message) { throw Error(ErrorKind::invalid_argument, message); }

std::vector<MountPoint>::iterator find_destination(std::vector<MountPoint>& mounts, const std::string& destination) {
  return std::find_if(mounts.begin(), mounts.end(),
                      [&](const MountPoint& mount) { return mount.destination == destination; });
}

bool is_anonymous_option(const MountRequest& request) {
  return request.type == Type::volume && request.source.empty() && !request.text.empty();
}

void set_volume(const EngineContext& context, const HostConfig& host, const MountRequest& request, MountPoint& mount) {
  mount.name = request.source.empty() ? random::hex(32) : request.source;
  mount.source = volume_data(context.instance, mount.name);
  mount.driver = "local";
  mount.copy_up = !request.no_copy;
  // docker's default mode of a volume, where one was asked for by name or --mount.
  if (mount.mode.empty() && !is_anonymous_option(request)) mount.mode = "z";
  check_volume_name(mount.name);
  try {
    check_volume_driver(request.driver.empty() && !request.text.empty() ? host.volume_driver : request.driver);
    check_driver_options(request.driver_options);
  } catch (const Error& error) {
    throw error.with_context(fmt::format("create {}", mount.name));
  }
}

// Trees that the host's own programs need as they are: option U is not for them (podman refuses the same).
void check_chown_source(const std::string& source) {
  static const std::set<std::string> whole{
      "/",          "/bin",      "/boot",    "/etc",      "/home",        "/lib",       "/lib32",
      "/lib64",     "/media",    "/mnt",     "/opt",      "/root",        "/run",       "/sbin",
      "/srv",       "/tmp",      "/usr",     "/var",      "/var/backups", "/var/cache", "/var/lib",
      "/var/local", "/var/lock", "/var/log", "/var/mail", "/var/run",     "/var/spool", "/var/tmp"};
  std::error_code unresolved;
  const std::filesystem::path resolved = std::filesystem::weakly_canonical(source, unresolved);
  const std::string path = unresolved ? source : resolved.string();
  const auto is_below = [&](const std::string& directory) {
    return path == directory || path.starts_with(directory + "/");
  };
  const bool is_systems = whole.contains(path) || is_below("/dev") || is_below("/etc") || is_below("/proc") ||
                          is_below("/sys") || is_below("/usr/bin") || is_below("/usr/lib") || is_below("/usr/sbin");
  if (!is_systems) return;
  invalid(fmt::format(
      "chowning host path \"{}\" is not allowed: give the container a copy of it, or mount it without U", source));
}

MountPoint resolve_mount(const EngineContext& context, const HostConfig& host, const MountRequest& request) {
  MountPoint mount;
  mount.destination = request.destination;
  mount.read_only = request.read_only;
  mount.mode = request.type == Type::tmpfs ? "" : options::volume_mode(request.text);
  mount.subpath = request.subpath;
  mount.non_recursive = request.non_recursive;
  mount.writable_submounts = request.writable_submounts;
  mount.chown = request.chown;
  mount.idmap = request.idmap;
  mount.overlay = request.overlay;
  switch (request.type) {
    case Type::tmpfs:
      mount.type = "tmpfs";
      mount.options = request.tmpfs_options;
      break;
    case Type::bind:
      mount.type = "bind";
      mount.source = request.source;
      mount.propagation = request.propagation;
      if (mount.chown) check_chown_source(request.source);
      if (!request.create_source && !file::exists(request.source)) {
        invalid(
            fmt::format("invalid mount config for type \"bind\": bind source path does not exist: {}", request.source));
      }
      break;
    case Type::volume:
      mount.type = "volume";
      set_volume(context, host, request, mount);
      break;
  }
  return mount;
}

void put(std::vector<MountPoint>& mounts, MountPoint mount) {
  const auto existing = find_destination(mounts, mount.destination);
  if (existing == mounts.end()) {
    mounts.push_back(std::move(mount));
  } else {
    *existing = std::move(mount);
  }
}

void add_from_container(const EngineContext& context, const std::string& text, std::vector<MountPoint>& mounts) {
  const options::VolumesFrom from = options::parse_volumes_from(text);
  const ContainerDefinition other = load_container(context.database, from.container).definition;
  for (MountPoint mount : other.mount_points) {
    const bool hidden =
        std::any_of(other.host.mounts.begin(), other.host.mounts.end(), [&](const MountRequest& request) {
          return is_tmpfs_option(request) && request.destination == mount.destination;
        });
    if (hidden) continue;
    mount.read_only = mount.read_only || from.read_only;
    mount.copy_up = false;
    mount.mode.clear();
    put(mounts, std::move(mount));
  }
}

}  // namespace

bool is_tmpfs_option(const MountRequest& request) { return request.type == Type::tmpfs && !request.text.empty(); }

std::vector<MountPoint> resolve_mounts(const EngineContext& context, const HostConfig& host,
                                       const std::vector<std::string>& image_volumes) {
  std::vector<MountPoint> mounts;
  for (const std::string& text : host.volumes_from) add_from_container(context, text, mounts);
  std::vector<std::string> asked;
  for (const MountRequest& request : host.mounts) {
    if (is_anonymous_option(request)) continue;
    if (std::find(asked.begin(), asked.end(), request.destination) != asked.end()) {
      invalid(fmt::format("Duplicate mount point: {}", request.destination));
    }
    asked.push_back(request.destination);
    put(mounts, resolve_mount(context, host, request));
  }
  for (const std::string& destination : declared_volumes(host, image_volumes)) {
    if (find_destination(mounts, destination) != mounts.end()) continue;
    MountRequest request;
    request.type = Type::volume;
    request.destination = destination;
    request.text = destination;
    mounts.push_back(resolve_mount(context, host, request));
  }
  return mounts;
}

std::vector<std::string> declared_volumes(const HostConfig& host, const std::vector<std::string>& image_volumes) {
  std::vector<std::string> destinations;
  const auto add = [&](const std::string& destination) {
    if (std::find(destinations.begin(), destinations.end(), destination) == destinations.end()) {
      destinations.push_back(destination);
    }
  };
  for (const std::string& volume : image_volumes) {
    const std::string destination = path::clean_absolute(volume);
    if (destination == "/") invalid("the image has a VOLUME on \"/\"");
    add(destination);
  }
  for (const MountRequest& request : host.mounts) {
    if (is_anonymous_option(request)) add(request.destination);
  }
  std::sort(destinations.begin(), destinations.end());
  return destinations;
}

}  // namespace minidock
