#include "engine/definition.h"

#include "base/error.h"

namespace minidock {
namespace {

// ---- small conversions shared by the objects below

Json optional_strings(const std::optional<std::vector<std::string>>& list) { return list ? Json(*list) : Json(); }

std::optional<std::vector<std::string>> get_optional_strings(const Json& object, const char* key) {
  if (!object.contains(key) || object.at(key).is_null()) return std::nullopt;
  return json::get_strings(object, key);
}

std::map<std::string, std::string> get_string_map(const Json& object, const char* key) {
  std::map<std::string, std::string> result;
  if (!object.contains(key) || !object.at(key).is_object()) return result;
  for (const auto& [name, value] : object.at(key).items()) result[name] = value.get<std::string>();
  return result;
}

// ---- Config

Json config_to_json(const ContainerConfig& config) {
  return Json{{"Hostname", config.hostname},
              {"Domainname", config.domainname},
              {"User", config.user},
              {"AttachStdin", config.attach_stdin},
              {"AttachStdout", config.attach_stdout},
              {"AttachStderr", config.attach_stderr},
              {"Tty", config.tty},
              {"OpenStdin", config.open_stdin},
              {"StdinOnce", config.stdin_once},
              {"Env", config.env},
              {"Cmd", optional_strings(config.cmd)},
              {"Entrypoint", optional_strings(config.entrypoint)},
              {"Image", config.image},
              {"Labels", config.labels},
              {"WorkingDir", config.working_dir},
              {"Volumes", config.volumes},
              {"ExposedPorts", config.exposed_ports},
              {"StopSignal", config.stop_signal}};
}

ContainerConfig config_from_json(const Json& object) {
  ContainerConfig config;
  config.hostname = json::get_string(object, "Hostname");
  config.domainname = json::get_string(object, "Domainname");
  config.user = json::get_string(object, "User");
  config.attach_stdin = json::get_bool(object, "AttachStdin");
  config.attach_stdout = json::get_bool(object, "AttachStdout");
  config.attach_stderr = json::get_bool(object, "AttachStderr");
  config.tty = json::get_bool(object, "Tty");
  config.open_stdin = json::get_bool(object, "OpenStdin");
  config.stdin_once = json::get_bool(object, "StdinOnce");
  config.env = json::get_strings(object, "Env");
  config.cmd = get_optional_strings(object, "Cmd");
  config.entrypoint = get_optional_strings(object, "Entrypoint");
  config.image = json::get_string(object, "Image");
  config.labels = get_string_map(object, "Labels");
  config.working_dir = json::get_string(object, "WorkingDir");
  config.volumes = json::get_strings(object, "Volumes");
  config.exposed_ports = json::get_strings(object, "ExposedPorts");
  config.stop_signal = json::get_string(object, "StopSignal");
  return config;
}

// ---- HostConfig

constexpr const char* kMountTypes[] = {"bind", "volume", "tmpfs"};

Json mount_request_to_json(const MountRequest& mount) {
  return Json{{"Type", kMountTypes[static_cast<int>(mount.type)]},
              {"Source", mount.source},
              {"Target", mount.destination},
              {"ReadOnly", mount.read_only},
              {"NoCopy", mount.no_copy},
              {"CreateSource", mount.create_source},
              {"Propagation", mount.propagation},
              {"TmpfsOptions", mount.tmpfs_options},
              {"Text", mount.text}};
}

MountRequest mount_request_from_json(const Json& object) {
  MountRequest mount;
  const std::string type = json::get_string(object, "Type");
  mount.type = type == "volume"  ? MountRequest::Type::volume
               : type == "tmpfs" ? MountRequest::Type::tmpfs
                                 : MountRequest::Type::bind;
  mount.source = json::get_string(object, "Source");
  mount.destination = json::get_string(object, "Target");
  mount.read_only = json::get_bool(object, "ReadOnly");
  mount.no_copy = json::get_bool(object, "NoCopy");
  mount.create_source = json::get_bool(object, "CreateSource");
  mount.propagation = json::get_string(object, "Propagation");
  mount.tmpfs_options = json::get_string(object, "TmpfsOptions");
  mount.text = json::get_string(object, "Text");
  return mount;
}

Json port_to_json(const network::PublishedPort& port) {
  return Json{{"Protocol", port.protocol},
              {"HostIp", port.host_ip},
              {"HostPort", port.host_port},
              {"ContainerPort", port.container_port}};
}

network::PublishedPort port_from_json(const Json& object) {
  network::PublishedPort port;
  port.protocol = json::get_string(object, "Protocol");
  port.host_ip = json::get_string(object, "HostIp");
  port.host_port = static_cast<std::uint16_t>(json::get_int(object, "HostPort"));
  port.container_port = static_cast<std::uint16_t>(json::get_int(object, "ContainerPort"));
  return port;
}

Json host_to_json(const HostConfig& host) {
  Json mounts = Json::array();
  for (const MountRequest& mount : host.mounts) mounts.push_back(mount_request_to_json(mount));
  Json ports = Json::array();
  for (const network::PublishedPort& port : host.ports) ports.push_back(port_to_json(port));
  return Json{{"Mounts", mounts},
              {"Ports", ports},
              {"NetworkMode", host.network_mode},
              {"PidMode", host.pid_mode},
              {"IpcMode", host.ipc_mode},
              {"UTSMode", host.uts_mode},
              {"UsernsMode", host.userns_mode},
              {"CgroupnsMode", host.cgroupns_mode},
              {"Init", host.init ? Json(*host.init) : Json()},
              {"ReadonlyRootfs", host.readonly_rootfs},
              {"Privileged", host.privileged},
              {"AutoRemove", host.auto_remove},
              {"CapAdd", host.cap_add},
              {"CapDrop", host.cap_drop}};
}

HostConfig host_from_json(const Json& object) {
  HostConfig host;
  for (const Json& mount : object.at("Mounts")) host.mounts.push_back(mount_request_from_json(mount));
  for (const Json& port : object.at("Ports")) host.ports.push_back(port_from_json(port));
  host.network_mode = json::get_string(object, "NetworkMode");
  host.pid_mode = json::get_string(object, "PidMode");
  host.ipc_mode = json::get_string(object, "IpcMode");
  host.uts_mode = json::get_string(object, "UTSMode");
  host.userns_mode = json::get_string(object, "UsernsMode");
  host.cgroupns_mode = json::get_string(object, "CgroupnsMode");
  if (!object.at("Init").is_null()) host.init = json::get_bool(object, "Init");
  host.readonly_rootfs = json::get_bool(object, "ReadonlyRootfs");
  host.privileged = json::get_bool(object, "Privileged");
  host.auto_remove = json::get_bool(object, "AutoRemove");
  host.cap_add = json::get_strings(object, "CapAdd");
  host.cap_drop = json::get_strings(object, "CapDrop");
  return host;
}

// ---- Mounts

Json mount_point_to_json(const MountPoint& mount) {
  return Json{{"Type", mount.type},
              {"Name", mount.name},
              {"Source", mount.source},
              {"Destination", mount.destination},
              {"ReadOnly", mount.read_only},
              {"CopyUp", mount.copy_up},
              {"Propagation", mount.propagation},
              {"Options", mount.options}};
}

MountPoint mount_point_from_json(const Json& object) {
  MountPoint mount;
  mount.type = json::get_string(object, "Type");
  mount.name = json::get_string(object, "Name");
  mount.source = json::get_string(object, "Source");
  mount.destination = json::get_string(object, "Destination");
  mount.read_only = json::get_bool(object, "ReadOnly");
  mount.copy_up = json::get_bool(object, "CopyUp");
  mount.propagation = json::get_string(object, "Propagation");
  mount.options = json::get_string(object, "Options");
  return mount;
}

}  // namespace

Json to_json(const ContainerDefinition& definition) {
  Json mounts = Json::array();
  for (const MountPoint& mount : definition.mount_points) mounts.push_back(mount_point_to_json(mount));
  return Json{{"Id", definition.id},
              {"Name", definition.name},
              {"Created", definition.created},
              {"ImageId", definition.image_id},
              {"ImageReference", definition.image_reference},
              {"Config", config_to_json(definition.config)},
              {"HostConfig", host_to_json(definition.host)},
              {"Args", definition.args},
              {"Mounts", mounts},
              {"Layers", definition.layers}};
}

ContainerDefinition definition_from_json(const Json& document) {
  try {
    ContainerDefinition definition;
    definition.id = json::get_string(document, "Id");
    definition.name = json::get_string(document, "Name");
    definition.created = json::get_int(document, "Created");
    definition.image_id = json::get_string(document, "ImageId");
    definition.image_reference = json::get_string(document, "ImageReference");
    definition.config = config_from_json(document.at("Config"));
    definition.host = host_from_json(document.at("HostConfig"));
    definition.args = json::get_strings(document, "Args");
    for (const Json& mount : document.at("Mounts")) definition.mount_points.push_back(mount_point_from_json(mount));
    definition.layers = json::get_strings(document, "Layers");
    return definition;
  } catch (const Json::exception&) {
    throw Error(ErrorKind::corrupt_data, "the stored definition of a container is damaged");
  }
}

}  // namespace minidock
