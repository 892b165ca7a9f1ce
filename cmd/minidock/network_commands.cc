// network create, ls, inspect, rm, exists, connect, disconnect, reload.
#include <fmt/format.h>

#include <tuple>
#include <utility>

#include "base/table.h"
#include "cmd/minidock/client_config.h"
#include "cmd/minidock/command.h"
#include "cmd/minidock/documents.h"
#include "cmd/minidock/words.h"
#include "engine/host_option_parsers.h"

namespace minidock::cmd {
namespace {

constexpr char kNetworkTable[] = "table {{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}";

// docker takes several of each; a bridge has one subnet of each family.
std::pair<std::string, std::string> per_family(const std::vector<std::string>& values, const char* flag) {
  std::pair<std::string, std::string> result;
  for (const std::string& value : values) {
    const bool is_ipv6 = value.find(':') != std::string::npos;
    std::string& place = is_ipv6 ? result.second : result.first;
    if (!place.empty()) {
      throw Error(ErrorKind::unsupported,
                  fmt::format("more than one {} of {} is not supported: give one", flag, is_ipv6 ? "IPv6" : "IPv4"));
    }
    place = value;
  }
  return result;
}

// Words of swarm's and of docker's plugins.
struct Refused {
  bool ingress = false;
  bool config_only = false;
  std::string config_from;
  std::string ipam_driver;
  std::string scope;
  std::vector<std::string> ipam_options;

  void add_to(CLI::App& app) {
    app.add_flag("--ingress", ingress, "Create swarm routing-mesh network");
    app.add_flag("--config-only", config_only, "Create a configuration only network");
    app.add_option("--config-from", config_from, "The network from which to copy the configuration");
    app.add_option("--ipam-driver", ipam_driver, "IP Address Management Driver (default \"default\")");
    add_list(app, "--ipam-opt", ipam_options, "Set IPAM driver specific options");
    app.add_option("--scope", scope, "Control the network's scope");
  }

  void check() const {
    const auto refuse = [](bool given, const char* flag, const char* why) {
      if (given) throw Error(ErrorKind::unsupported, fmt::format("{} is not supported: {}", flag, why));
    };
    refuse(ingress, "--ingress", "there is no swarm");
    refuse(!scope.empty() && scope != "local", "--scope", "there is no swarm, every network is \"local\"");
    refuse(config_only || !config_from.empty(), "--config-only and --config-from", "give each network its options");
    refuse(!ipam_driver.empty() && ipam_driver != "default", "--ipam-driver", "there are no plugins");
    refuse(!ipam_options.empty(), "--ipam-opt", "there are no plugins");
  }
};

}  // namespace

int network_create(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] NETWORK", "Create a network");
  network::NetworkRequest request;
  network::NetworkSettings& settings = request.settings;
  std::vector<std::string> subnets;
  std::vector<std::string> gateways;
  std::vector<std::string> ranges;
  std::vector<std::string> aux_addresses;
  std::vector<std::string> labels;
  std::vector<std::string> driver_options;
  Refused refused;
  app->add_option("-d,--driver", settings.driver,
                  "Driver to manage the Network: bridge, macvlan or ipvlan (default \"bridge\")");
  add_list(*app, "--subnet", subnets, "Subnet in CIDR format that represents a network segment");
  add_list(*app, "--gateway", gateways, "IPv4 or IPv6 Gateway for the master subnet");
  add_list(*app, "--ip-range", ranges, "Allocate container ip from a sub-range");
  add_list(*app, "--aux-address", aux_addresses, "Auxiliary IPv4 or IPv6 addresses that no container is to get");
  app->add_flag("--ipv6", request.ipv6, "Enable IPv6 networking");
  app->add_flag("--internal", settings.internal, "Restrict external access to the network");
  app->add_flag("--attachable", settings.attachable, "Enable manual container attachment");
  add_list(*app, "--label", labels, "Set metadata on a network");
  add_list(*app, "-o,--opt", driver_options, "Set driver specific options");
  refused.add_to(*app);
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, 1);
  refused.check();
  request.name = names.front();
  std::tie(request.subnet, request.ipv6_subnet) = per_family(subnets, "--subnet");
  std::tie(request.gateway, request.ipv6_gateway) = per_family(gateways, "--gateway");
  std::tie(settings.ip_range, settings.ipv6_range) = per_family(ranges, "--ip-range");
  settings.aux_addresses = key_value_map(aux_addresses);
  settings.labels = key_value_map(labels);
  settings.options = key_value_map(driver_options);
  fmt::print("{}\n", Engine(invocation.engine).create_network(request));
  return 0;
}

int network_ls(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS]", "List networks");
  std::vector<std::string> filters;
  bool quiet = false;
  bool no_truncate = false;
  std::string format;
  add_filters(*app, "-f,--filter", filters);
  app->add_option("--format", format, "Format output using a Go template, 'table TEMPLATE' or 'json'");
  app->add_flag("-q,--quiet", quiet, "Only display network IDs");
  app->add_flag("--no-trunc", no_truncate, "Do not truncate the output");
  expect_positionals(*app, parse(*app, invocation), 0, 0);
  take_configured_format(format, "networksFormat", quiet);
  if (format.empty() || format == "table") format = quiet ? "{{.ID}}" : kNetworkTable;
  std::vector<OrderedJson> rows;
  for (const ListedNetwork& listed : Engine(invocation.engine).networks(filters)) {
    rows.push_back(network_row(listed, !no_truncate));
  }
  fmt::print("{}", format::render_list(format, network_headers(), rows));
  return 0;
}

int network_inspect(const Invocation& invocation) {
  return inspect_documents(invocation, "[OPTIONS] NETWORK [NETWORK...]",
                           "Display detailed information on one or more networks",
                           [](Engine& engine, const std::string& name) { return engine.inspect_network(name); });
}

int network_rm(const Invocation& invocation) {
  const auto app = make_app(invocation, "NETWORK [NETWORK...]", "Remove one or more networks");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, -1);
  Engine engine(invocation.engine);
  return for_each_name(names, true, [&](const std::string& name) { engine.remove_network(name); });
}

// podman's: it prints the ids of the containers whose network was reloaded.
int network_reload(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] [CONTAINER...]",
                            "Restore bridges, firewall rules and published ports that were taken away");
  bool all = false;
  app->add_flag("-a,--all", all, "Those of all containers (default without any CONTAINER)");
  const std::vector<std::string> names = parse(*app, invocation);
  if (all && !names.empty()) {
    throw Error(ErrorKind::invalid_argument, "--all and the names of containers cannot be given together");
  }
  for (const std::string& id : Engine(invocation.engine).reload_networks(names)) fmt::print("{}\n", id);
  return 0;
}

int network_exists(const Invocation& invocation) {
  const auto app = make_app(invocation, "NETWORK", "Tell by the exit code whether a network exists");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, 1);
  return Engine(invocation.engine).network_exists(names.front()) ? 0 : 1;
}

int network_connect(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] NETWORK CONTAINER", "Connect a container to a network");
  NetworkAttachment attachment;
  std::vector<std::string> links;
  std::vector<std::string> link_local_ips;
  std::vector<std::string> driver_options;
  add_list(*app, "--alias", attachment.aliases, "Add network-scoped alias for the container");
  app->add_option("--ip", attachment.address, "IPv4 address (e.g., 172.30.100.104)");
  app->add_option("--ip6", attachment.ipv6_address, "IPv6 address (e.g., 2001:db8::33)");
  add_list(*app, "--link", links, "Add link to another container");
  add_list(*app, "--link-local-ip", link_local_ips, "Add a link-local address for the container");
  add_list(*app, "--driver-opt", driver_options, "driver options for the network");
  app->add_option("--gw-priority", attachment.gateway_priority,
                  "Highest gw-priority provides the default gateway. Accepts positive and negative values.");
  app->add_option("--mac-address", attachment.mac_address, "MAC address of the container's interface");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 2, 2);
  if (!link_local_ips.empty() || !driver_options.empty()) {
    throw Error(ErrorKind::unsupported, "--link-local-ip and --driver-opt are not supported");
  }
  if (!attachment.mac_address.empty()) attachment.mac_address = options::parse_mac_address(attachment.mac_address);
  Engine(invocation.engine).connect_network(names[0], names[1], attachment, links);
  return 0;
}

int network_disconnect(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] NETWORK CONTAINER", "Disconnect a container from a network");
  bool force = false;
  app->add_flag("-f,--force", force, "Force the container to disconnect from a network");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 2, 2);
  // Whom docker has lost track of needs force there; here the database knows.
  Engine(invocation.engine).disconnect_network(names[0], names[1]);
  return 0;
}

}  // namespace minidock::cmd
