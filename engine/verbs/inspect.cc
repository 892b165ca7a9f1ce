// docker's document for a container (API: GET /containers/{id}/json) and for an image, in docker's order of keys.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/format.h"
#include "engine/engine.h"
#include "engine/lifecycle.h"
#include "engine/log_options.h"
#include "image/reference.h"

namespace minidock {
namespace {

std::string time_text(std::int64_t ns) { return ns == 0 ? std::string(format::kZeroTime) : format::rfc3339_nano(ns); }

OrderedJson nullable(const std::vector<std::string>& list) { return list.empty() ? OrderedJson() : OrderedJson(list); }

OrderedJson empty_object_set(const std::vector<std::string>& keys) {
  if (keys.empty()) return nullptr;
  OrderedJson object = OrderedJson::object();
  for (const std::string& key : keys) object[key] = OrderedJson::object();
  return object;
}

OrderedJson string_map(const std::map<std::string, std::string>& map) {
  OrderedJson object = OrderedJson::object();
  for (const auto& [key, value] : map) object[key] = value;
  return object;
}

// docker names the file of json-file only, and only once it is there.
std::string log_path(const ContainerDefinition& definition, const std::string& directory) {
  const std::string path = log_file(definition, directory);
  return definition.host.log.driver == "json-file" && file::exists(path) ? path : "";
}

OrderedJson state_json(const ContainerState& state) {
  const bool running = state.status == ContainerStatus::running;
  const ContainerStatus shown = state.status == ContainerStatus::starting ? ContainerStatus::created : state.status;
  return OrderedJson{{"Status", std::string(to_string(shown))},
                     {"Running", running},
                     {"Paused", false},
                     {"Restarting", false},
                     {"OOMKilled", state.oom_killed},
                     {"Dead", false},
                     {"Pid", running ? state.running.init.pid : 0},
                     {"ExitCode", state.exit_code},
                     {"Error", state.error},
                     {"StartedAt", time_text(state.started_at)},
                     {"FinishedAt", time_text(state.finished_at)}};
}

// "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], null for one that is only exposed.
OrderedJson port_map(const std::vector<network::PublishedPort>& ports, const std::vector<std::string>& exposed) {
  OrderedJson map = OrderedJson::object();
  for (const std::string& port : exposed) map[port] = nullptr;
  for (const network::PublishedPort& port : ports) {
    OrderedJson& bindings = map[fmt::format("{}/{}", port.container_port, port.protocol)];
    if (!bindings.is_array()) bindings = OrderedJson::array();
    bindings.push_back({{"HostIp", port.host_ip}, {"HostPort", std::to_string(port.host_port)}});
  }
  return map;
}

OrderedJson requested_ports(const HostConfig& host) {
  OrderedJson map = port_map(host.ports, {});
  for (auto& [port, bindings] : map.items()) {
    for (OrderedJson& binding : bindings) {
      if (binding["HostIp"] == "0.0.0.0") binding["HostIp"] = "";
      if (binding["HostPort"] == "0") binding["HostPort"] = "";
    }
  }
  return map;
}

OrderedJson host_config_json(const ContainerDefinition& definition) {
  const HostConfig& host = definition.host;
  std::vector<std::string> binds;
  OrderedJson mounts = OrderedJson::array();
  for (const MountRequest& mount : host.mounts) {
    if (!mount.text.empty()) {
      binds.push_back(mount.text);
      continue;
    }
    constexpr const char* kTypes[] = {"bind", "volume", "tmpfs"};
    OrderedJson item{{"Type", kTypes[static_cast<int>(mount.type)]}};
    if (!mount.source.empty()) item["Source"] = mount.source;
    item["Target"] = mount.destination;
    if (mount.read_only) item["ReadOnly"] = true;
    mounts.push_back(std::move(item));
  }
  OrderedJson result{{"Binds", nullable(binds)},
                     {"ContainerIDFile", ""},
                     {"LogConfig", {{"Type", host.log.driver}, {"Config", string_map(host.log.options)}}},
                     {"NetworkMode", host.network_mode},
                     {"PortBindings", requested_ports(host)},
                     {"RestartPolicy", {{"Name", "no"}, {"MaximumRetryCount", 0}}},
                     {"AutoRemove", host.auto_remove},
                     {"CapAdd", nullable(host.cap_add)},
                     {"CapDrop", nullable(host.cap_drop)},
                     {"CgroupnsMode", host.cgroupns_mode},
                     {"IpcMode", host.ipc_mode},
                     {"PidMode", host.pid_mode},
                     {"Privileged", host.privileged},
                     {"ReadonlyRootfs", host.readonly_rootfs},
                     {"UTSMode", host.uts_mode},
                     {"UsernsMode", host.userns_mode}};
  if (!mounts.empty()) result["Mounts"] = mounts;
  if (host.init) result["Init"] = *host.init;
  return result;
}

OrderedJson mounts_json(const ContainerDefinition& definition) {
  OrderedJson list = OrderedJson::array();
  for (const MountPoint& mount : definition.mount_points) {
    OrderedJson item{{"Type", mount.type}};
    if (!mount.name.empty()) item["Name"] = mount.name;
    item["Source"] = mount.source;
    item["Destination"] = mount.destination;
    if (mount.type == "volume") item["Driver"] = "local";
    item["Mode"] = mount.read_only ? "ro" : "";
    item["RW"] = !mount.read_only;
    item["Propagation"] = mount.type == "bind" ? mount.propagation : "";
    list.push_back(std::move(item));
  }
  return list;
}

OrderedJson config_json(const ContainerConfig& config) {
  OrderedJson labels = OrderedJson::object();
  for (const auto& [key, value] : config.labels) labels[key] = value;
  OrderedJson result{{"Hostname", config.hostname},
                     {"Domainname", config.domainname},
                     {"User", config.user},
                     {"AttachStdin", config.attach_stdin},
                     {"AttachStdout", config.attach_stdout},
                     {"AttachStderr", config.attach_stderr}};
  if (!config.exposed_ports.empty()) result["ExposedPorts"] = empty_object_set(config.exposed_ports);
  result["Tty"] = config.tty;
  result["OpenStdin"] = config.open_stdin;
  result["StdinOnce"] = config.stdin_once;
  result["Env"] = config.env;
  result["Cmd"] = config.cmd ? OrderedJson(*config.cmd) : OrderedJson();
  result["Image"] = config.image;
  result["Volumes"] = empty_object_set(config.volumes);
  result["WorkingDir"] = config.working_dir;
  result["Entrypoint"] = config.entrypoint ? OrderedJson(*config.entrypoint) : OrderedJson();
  result["OnBuild"] = nullptr;
  result["Labels"] = labels;
  if (!config.stop_signal.empty()) result["StopSignal"] = config.stop_signal;
  return result;
}

OrderedJson endpoint_json(const ContainerState& state) {
  const bool attached = !state.endpoint.address.empty();
  return OrderedJson{{"IPAMConfig", nullptr},
                     {"Links", nullptr},
                     {"Aliases", nullptr},
                     {"NetworkID", state.network_id},
                     {"EndpointID", attached ? state.endpoint.id : ""},
                     {"Gateway", attached ? state.endpoint.gateway : ""},
                     {"IPAddress", attached ? state.endpoint.address : ""},
                     {"IPPrefixLen", attached ? state.endpoint.prefix_length : 0},
                     {"IPv6Gateway", ""},
                     {"GlobalIPv6Address", ""},
                     {"GlobalIPv6PrefixLen", 0},
                     {"MacAddress", attached ? state.endpoint.mac_address : ""},
                     {"DriverOpts", nullptr}};
}

OrderedJson network_settings_json(const Container& container, const storage::Instance& instance) {
  const ContainerState& state = container.state;
  const std::string mode = container.definition.host.network_mode;
  const bool bridge = mode == "default" || mode == network::kDefaultNetwork;
  const OrderedJson endpoint = endpoint_json(state);
  OrderedJson networks = OrderedJson::object();
  if (bridge || mode == "none" || mode == "host") networks[bridge ? network::kDefaultNetwork : mode] = endpoint;
  const bool own_namespace = container.running() && (bridge || mode == "none");
  return OrderedJson{{"Bridge", ""},
                     {"SandboxID", endpoint["EndpointID"]},
                     {"HairpinMode", false},
                     {"LinkLocalIPv6Address", ""},
                     {"LinkLocalIPv6PrefixLen", 0},
                     {"Ports", container.running() ? port_map(state.ports, container.definition.config.exposed_ports)
                                                   : OrderedJson(OrderedJson::object())},
                     {"SandboxKey", own_namespace ? fmt::format("/run/netns/{}", container.name()) : ""},
                     {"SecondaryIPAddresses", nullptr},
                     {"SecondaryIPv6Addresses", nullptr},
                     {"EndpointID", endpoint["EndpointID"]},
                     {"Gateway", endpoint["Gateway"]},
                     {"GlobalIPv6Address", ""},
                     {"GlobalIPv6PrefixLen", 0},
                     {"IPAddress", endpoint["IPAddress"]},
                     {"IPPrefixLen", endpoint["IPPrefixLen"]},
                     {"IPv6Gateway", ""},
                     {"MacAddress", endpoint["MacAddress"]},
                     {"Interface", container.running() && bridge ? instance.bridge : ""},
                     {"Networks", networks}};
}

OrderedJson graph_driver_json(const Container& container, const storage::Instance& instance) {
  const std::string directory = instance.container_dir(container.id());
  std::vector<std::string> lowers;
  for (auto layer = container.definition.layers.rbegin(); layer != container.definition.layers.rend(); ++layer) {
    lowers.push_back(fmt::format("{}/{}", instance.layers(), layer->substr(layer->find(':') + 1)));
  }
  return OrderedJson{{"Data",
                      {{"LowerDir", fmt::format("{}", fmt::join(lowers, ":"))},
                       {"UpperDir", directory + "/upper"},
                       {"WorkDir", directory + "/work"}}},
                     {"Name", "overlay2"}};
}

}  // namespace

OrderedJson Engine::inspect_container(const std::string& name) {
  const Container found = resolve(name);
  const ContainerDefinition& definition = found.definition;
  const std::string directory = instance_.container_dir(found.id());
  return OrderedJson{{"Id", definition.id},
                     {"Created", format::rfc3339_nano(definition.created)},
                     {"Path", definition.args.front()},
                     {"Args", std::vector<std::string>(definition.args.begin() + 1, definition.args.end())},
                     {"State", state_json(found.state)},
                     {"Image", definition.image_id},
                     {"ResolvConfPath", directory + "/resolv.conf"},
                     {"HostnamePath", directory + "/hostname"},
                     {"HostsPath", directory + "/hosts"},
                     {"LogPath", log_path(definition, directory)},
                     {"Name", "/" + definition.name},
                     {"RestartCount", 0},
                     {"Driver", "overlay2"},
                     {"Platform", "linux"},
                     {"MountLabel", ""},
                     {"ProcessLabel", ""},
                     {"AppArmorProfile", ""},
                     {"ExecIDs", nullptr},
                     {"HostConfig", host_config_json(definition)},
                     {"GraphDriver", graph_driver_json(found, instance_)},
                     {"Mounts", mounts_json(definition)},
                     {"Config", config_json(definition.config)},
                     {"NetworkSettings", network_settings_json(found, instance_)}};
}

OrderedJson Engine::inspect_image(const std::string& name) {
  const image::Image found = image::get_image(database(), name);
  const image::ImageConfig config = image::parse_image_config(found.config_text);
  const auto familiar = [](const std::vector<std::string>& references, bool digest) {
    OrderedJson list = OrderedJson::array();
    for (const std::string& text : references) {
      const image::Reference reference = image::parse_reference(text);
      list.push_back(digest ? reference.familiar_name() + "@" + reference.digest : reference.familiar());
    }
    return list;
  };
  ContainerConfig shown;
  shown.user = config.user;
  shown.env = config.env;
  if (!config.cmd.empty()) shown.cmd = config.cmd;
  if (!config.entrypoint.empty()) shown.entrypoint = config.entrypoint;
  shown.working_dir = config.working_dir;
  shown.stop_signal = config.stop_signal;
  shown.exposed_ports = config.exposed_ports;
  shown.volumes = config.volumes;
  for (const auto& [key, value] : config.labels) shown.labels[key] = value;
  return OrderedJson{{"Id", found.id},
                     {"RepoTags", familiar(found.tags, false)},
                     {"RepoDigests", familiar(found.repo_digests, true)},
                     {"Parent", ""},
                     {"Comment", ""},
                     {"Created", config.created},
                     {"DockerVersion", ""},
                     {"Author", config.author},
                     {"Config", config_json(shown)},
                     {"Architecture", config.architecture},
                     {"Variant", config.variant},
                     {"Os", config.os},
                     {"Size", found.size},
                     {"RootFS", {{"Type", "layers"}, {"Layers", found.diff_ids}}},
                     {"Metadata", {{"LastTagTime", format::rfc3339_nano(found.pulled)}}}};
}

}  // namespace minidock
