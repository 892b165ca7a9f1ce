// docker's document for a container (API: GET /containers/{id}/json) and for an image, in docker's order of keys.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/format.h"
#include "engine/attachments.h"
#include "engine/engine.h"
#include "engine/exec_records.h"
#include "engine/health_options.h"
#include "engine/inspect_host_config.h"
#include "engine/lifecycle.h"
#include "engine/log_options.h"
#include "engine/mount_documents.h"
#include "engine/network_list.h"
#include "engine/shim/state_directory.h"
#include "image/reference.h"
#include "network/ip_prefix.h"

namespace minidock {
namespace {

std::string time_text(std::int64_t ns) { return ns == 0 ? std::string(format::kZeroTime) : format::rfc3339_nano(ns); }

OrderedJson empty_object_set(const std::vector<std::string>& keys) {
  if (keys.empty()) return nullptr;
  OrderedJson object = OrderedJson::object();
  for (const std::string& key : keys) object[key] = OrderedJson::object();
  return object;
}

// docker's State.Health; the shim's report has its times as numbers.
OrderedJson health_json(const Json& report) {
  OrderedJson log = OrderedJson::array();
  for (const Json& result : report.at("Log")) {
    log.push_back(OrderedJson{{"Start", format::rfc3339_nano(json::get_int(result, "Start"))},
                              {"End", format::rfc3339_nano(json::get_int(result, "End"))},
                              {"ExitCode", json::get_int(result, "ExitCode")},
                              {"Output", json::get_string(result, "Output")}});
  }
  return OrderedJson{{"Status", json::get_string(report, "Status")},
                     {"FailingStreak", json::get_int(report, "FailingStreak")},
                     {"Log", log}};
}

// docker names the file of json-file only, and only once it is there.
std::string log_path(const ContainerDefinition& definition, const std::string& directory) {
  const std::string path = log_file(definition, directory);
  return definition.host.log.driver == "json-file" && file::exists(path) ? path : "";
}

OrderedJson state_json(const ContainerState& state) {
  const bool running = state.status == ContainerStatus::running;
  const bool restarting = state.status == ContainerStatus::restarting;
  return OrderedJson{{"Status", std::string(shown_status(state))},
                     {"Running", running || restarting},
                     {"Paused", state.paused},
                     {"Restarting", restarting},
                     {"OOMKilled", state.oom_killed},
                     {"Dead", false},
                     {"Pid", running ? state.running.init.pid : 0},
                     {"ExitCode", state.exit_code},
                     {"Error", state.error},
                     {"StartedAt", time_text(state.started_at)},
                     {"FinishedAt", time_text(state.finished_at)}};
}

// podman's, beside docker's Healthcheck.
OrderedJson startup_json(const StartupHealthcheck& check) {
  return OrderedJson{{"Test", check.test},
                     {"Interval", check.interval},
                     {"Timeout", check.timeout},
                     {"Retries", check.retries},
                     {"Successes", check.successes}};
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
  if (config.healthcheck) result["Healthcheck"] = healthcheck_json(*config.healthcheck);
  if (config.healthcheck && config.healthcheck->startup) {
    result["StartupHealthCheck"] = startup_json(*config.healthcheck->startup);
  }
  result["WorkingDir"] = config.working_dir;
  result["Entrypoint"] = config.entrypoint ? OrderedJson(*config.entrypoint) : OrderedJson();
  if (!config.mac_address.empty()) result["MacAddress"] = config.mac_address;
  result["OnBuild"] = nullptr;
  result["Labels"] = labels;
  if (!config.stop_signal.empty()) result["StopSignal"] = config.stop_signal;
  if (config.stop_timeout) result["StopTimeout"] = *config.stop_timeout;
  if (!config.shell.empty()) result["Shell"] = config.shell;
  return result;
}

OrderedJson ipam_config_json(const NetworkAttachment& attachment) {
  if (attachment.address.empty() && attachment.ipv6_address.empty()) return nullptr;
  OrderedJson config = OrderedJson::object();
  if (!attachment.address.empty()) config["IPv4Address"] = attachment.address;
  if (!attachment.ipv6_address.empty()) config["IPv6Address"] = attachment.ipv6_address;
  return config;
}

OrderedJson aliases_json(const Container& container, const NetworkAttachment& attachment) {
  if (attachment.network == network::kDefaultNetwork) return nullptr;
  OrderedJson aliases = attachment.aliases;
  aliases.push_back(container.id().substr(0, 12));
  return aliases;
}

OrderedJson links_json(const NetworkAttachment& attachment) {
  if (attachment.links.empty()) return nullptr;
  OrderedJson links = OrderedJson::array();
  for (const ContainerLink& link : attachment.links) links.push_back(link.name + ":" + link.alias);
  return links;
}

// A way out by the interface alone (ipvlan in mode l3) has no gateway.
std::string gateway_text(const std::string& gateway) {
  return gateway.empty() || network::is_every_address(gateway) ? "" : gateway;
}

// Without an endpoint: nothing is attached.
OrderedJson endpoint_json(const Container& container, const NetworkAttachment& attachment,
                          const network::Endpoint* endpoint) {
  static const network::Endpoint kNone;
  const network::Endpoint& shown = endpoint == nullptr ? kNone : *endpoint;
  return OrderedJson{{"IPAMConfig", ipam_config_json(attachment)},
                     {"Links", links_json(attachment)},
                     {"Aliases", aliases_json(container, attachment)},
                     {"NetworkID", shown.network_id},
                     {"EndpointID", shown.id},
                     {"Gateway", gateway_text(shown.gateway)},
                     {"IPAddress", shown.address},
                     {"IPPrefixLen", shown.prefix_length},
                     {"IPv6Gateway", gateway_text(shown.ipv6_gateway)},
                     {"GlobalIPv6Address", shown.ipv6_address},
                     {"GlobalIPv6PrefixLen", shown.ipv6_prefix_length},
                     {"MacAddress", shown.mac_address},
                     {"DriverOpts", nullptr}};
}

OrderedJson networks_json(const Container& container) {
  const std::string& mode = container.definition.host.network_mode;
  std::map<std::string, OrderedJson> networks;
  if (mode == "none" || mode == "host") networks[mode] = endpoint_json(container, on_default_network(), nullptr);
  for (const NetworkAttachment& attachment : container.definition.networks) {
    networks[attachment.network] = endpoint_json(container, attachment, container.state.on_network(attachment.network));
  }
  return networks;
}

OrderedJson network_settings_json(const Container& container, const storage::Instance& instance) {
  const ContainerState& state = container.state;
  const std::string& mode = container.definition.host.network_mode;
  const bool own_namespace = container.running() && (has_networks(mode) || mode == "none");
  const network::Endpoint* gateway = state.gateway();
  // docker's fields of old know the default network alone.
  const network::Endpoint* standard = state.on_default_network();
  const OrderedJson shown = endpoint_json(container, on_default_network(), standard);
  return OrderedJson{{"Bridge", ""},
                     {"SandboxID", gateway == nullptr ? "" : gateway->id},
                     {"HairpinMode", false},
                     {"LinkLocalIPv6Address", ""},
                     {"LinkLocalIPv6PrefixLen", 0},
                     {"Ports", container.running() ? port_map(state.ports, container.definition.config.exposed_ports)
                                                   : OrderedJson(OrderedJson::object())},
                     {"SandboxKey", own_namespace ? fmt::format("/run/netns/{}", container.name()) : ""},
                     {"SecondaryIPAddresses", nullptr},
                     {"SecondaryIPv6Addresses", nullptr},
                     {"EndpointID", shown["EndpointID"]},
                     {"Gateway", shown["Gateway"]},
                     {"GlobalIPv6Address", ""},
                     {"GlobalIPv6PrefixLen", 0},
                     {"IPAddress", shown["IPAddress"]},
                     {"IPPrefixLen", shown["IPPrefixLen"]},
                     {"IPv6Gateway", ""},
                     {"MacAddress", shown["MacAddress"]},
                     {"Interface", standard == nullptr ? "" : instance.bridge},
                     {"Networks", networks_json(container)}};
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

OrderedJson exec_ids_json(const Container& container, const storage::Instance& instance) {
  if (!container.running()) return nullptr;
  OrderedJson ids = OrderedJson::array();
  for (const ExecRecord& record : list_execs(instance, container.id())) ids.push_back(record.id);
  return ids.empty() ? OrderedJson(nullptr) : ids;
}

}  // namespace

OrderedJson Engine::inspect_container(const std::string& name) {
  const Container found = resolve(name);
  const ContainerDefinition& definition = found.definition;
  const std::string directory = instance_.container_dir(found.id());
  const std::string network_files = network_files_directory(instance_, definition);
  OrderedJson state = state_json(found.state);
  if (const auto health = shim::read_health(instance_.container_state_dir(found.id()));
      health && definition.config.healthcheck) {
    state["Health"] = health_json(*health);
  }
  return OrderedJson{{"Id", definition.id},
                     {"Created", format::rfc3339_nano(definition.created)},
                     {"Path", definition.args.front()},
                     {"Args", std::vector<std::string>(definition.args.begin() + 1, definition.args.end())},
                     {"State", state},
                     {"Image", definition.image_id},
                     {"ResolvConfPath", network_files + "/resolv.conf"},
                     {"HostnamePath", network_files + "/hostname"},
                     {"HostsPath", network_files + "/hosts"},
                     {"LogPath", log_path(definition, directory)},
                     {"Name", "/" + definition.name},
                     {"RestartCount", found.state.restart_count},
                     {"Driver", "overlay2"},
                     {"Platform", "linux"},
                     {"MountLabel", ""},
                     {"ProcessLabel", ""},
                     {"AppArmorProfile", ""},
                     {"ExecIDs", exec_ids_json(found, instance_)},
                     {"HostConfig", host_config_json(definition)},
                     {"GraphDriver", graph_driver_json(found, instance_)},
                     {"Mounts", mounts_json(definition)},
                     {"Config", config_json(definition.config)},
                     {"NetworkSettings", network_settings_json(found, instance_)}};
}

namespace {

// That of the last step of its history, as docker shows it.
std::string comment_of(const image::Image& image) {
  const Json document = json::parse(image.config_text, "an image's config");
  const auto history = document.find("history");
  if (history == document.end() || !history->is_array() || history->empty()) return "";
  return json::get_string(history->back(), "comment");
}

}  // namespace

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
  shown.shell = config.shell;
  shown.exposed_ports = config.exposed_ports;
  shown.volumes = config.volumes;
  for (const auto& [key, value] : config.labels) shown.labels[key] = value;
  return OrderedJson{{"Id", found.id},
                     {"RepoTags", familiar(found.tags, false)},
                     {"RepoDigests", familiar(found.repo_digests, true)},
                     {"Parent", ""},
                     {"Comment", comment_of(found)},
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
