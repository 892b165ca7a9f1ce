#include "network/network_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/json.h"
#include "network/networks.h"

namespace minidock::network {
namespace {

using Texts = std::map<std::string, std::string>;

constexpr char kSelect[] =
    "SELECT id, name, interface, subnet, gateway, created, settings, ipv6_subnet, ipv6_gateway FROM networks ";

std::string text_of(const NetworkSettings& settings) {
  return json::dump(Json{{"driver", settings.driver},
                         {"internal", settings.internal},
                         {"attachable", settings.attachable},
                         {"chosenSubnet", settings.chosen_subnet},
                         {"chosenGateway", settings.chosen_gateway},
                         {"chosenIpv6Subnet", settings.chosen_ipv6_subnet},
                         {"chosenIpv6Gateway", settings.chosen_ipv6_gateway},
                         {"ipv6Range", settings.ipv6_range},
                         {"ipRange", settings.ip_range},
                         {"auxAddresses", settings.aux_addresses},
                         {"labels", settings.labels},
                         {"options", settings.options}});
}

NetworkSettings settings_of(const std::string& text) {
  const Json document = json::parse(text, "the stored settings of a network");
  NetworkSettings settings;
  settings.driver = document.value("driver", kBridgeDriver);  // those of old are bridges and do not say so
  settings.internal = json::get_bool(document, "internal");
  settings.attachable = json::get_bool(document, "attachable");
  settings.chosen_subnet = json::get_bool(document, "chosenSubnet");
  settings.chosen_gateway = json::get_bool(document, "chosenGateway");
  settings.chosen_ipv6_subnet = json::get_bool(document, "chosenIpv6Subnet");
  settings.chosen_ipv6_gateway = json::get_bool(document, "chosenIpv6Gateway");
  settings.ipv6_range = json::get_string(document, "ipv6Range");
  settings.ip_range = json::get_string(document, "ipRange");
  settings.aux_addresses = document.value("auxAddresses", Texts{});
  settings.labels = document.value("labels", Texts{});
  settings.options = document.value("options", Texts{});
  return settings;
}

Network network_of(const storage::Statement& row) {
  Network network;
  network.id = row.text(0);
  network.name = row.text(1);
  network.interface = row.text(2);
  network.subnet = row.text(3);
  network.gateway = row.text(4);
  network.created = row.int64(5);
  network.prefix_length = subnet_of(network).prefix_length;
  try {
    network.settings = settings_of(row.text(6));
  } catch (const Json::exception&) {
    throw Error(ErrorKind::corrupt_data, fmt::format("the stored settings of network {} are damaged", network.name));
  }
  take_options(network);
  network.ipv6_subnet = row.text(7);
  network.ipv6_gateway = row.text(8);
  return network;
}

}  // namespace

void take_options(Network& network) {
  const NetworkSettings& settings = network.settings;
  if (is_bridged(network)) {
    network.bridge = parse_bridge_options(settings.options);
    return;
  }
  network.parent = parse_parent_options(settings.driver, settings.options);
  if (settings.internal) network.parent.interface = network.interface;
}

Ipv4Subnet subnet_of(const Network& network) {
  return stored_subnet(network.subnet, "subnet of network " + network.name);
}

std::optional<Ipv6Subnet> ipv6_subnet_of(const Network& network) {
  if (network.ipv6_subnet.empty()) return std::nullopt;
  return stored_ip_subnet<Ipv6Address>(network.ipv6_subnet, "IPv6 subnet of network " + network.name);
}

std::optional<Network> find_row(storage::Database& database, const char* column, const std::string& value) {
  storage::Statement row = database.prepare(fmt::format("{} WHERE {} = ?", kSelect, column));
  row.bind(value);
  if (!row.step()) return std::nullopt;
  return network_of(row);
}

void insert_row(storage::Database& database, const Network& network) {
  database
      .prepare(
          "INSERT INTO networks(id, name, interface, subnet, gateway, last_address, created, settings, ipv6_subnet, "
          "ipv6_gateway) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
      .bind(network.id)
      .bind(network.name)
      .bind(network.interface)
      .bind(network.subnet)
      .bind(network.gateway)
      .bind(network.gateway)
      .bind(network.created)
      .bind(text_of(network.settings))
      .bind(network.ipv6_subnet)
      .bind(network.ipv6_gateway)
      .run();
}

std::vector<Network> load_networks(storage::Database& database) {
  storage::Statement rows = database.prepare(fmt::format("{} ORDER BY name", kSelect));
  std::vector<Network> networks;
  while (rows.step()) networks.push_back(network_of(rows));
  return networks;
}

std::optional<Network> find_network(storage::Database& database, const std::string& name) {
  for (const char* column : {"id", "name"}) {
    if (std::optional<Network> network = find_row(database, column, name)) return network;
  }
  const bool is_hex = !name.empty() && name.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!is_hex) return std::nullopt;
  storage::Statement rows = database.prepare(fmt::format("{} WHERE id LIKE ? LIMIT 2", kSelect));
  rows.bind(name + "%");
  if (!rows.step()) return std::nullopt;
  Network network = network_of(rows);
  if (rows.step()) {
    throw Error(ErrorKind::conflict, fmt::format("network {} is ambiguous (2 matches found on ID prefix)", name));
  }
  return network;
}

Network get_network(storage::Database& database, const std::string& name) {
  std::optional<Network> network = find_network(database, name);
  if (!network) throw Error(ErrorKind::not_found, fmt::format("network {} not found", name));
  return std::move(*network);
}

std::vector<Lease> leases_of(storage::Database& database, const std::string& network_id) {
  storage::Statement rows = database.prepare(
      "SELECT container_id, endpoint_id, address, ipv6_address, names FROM endpoints WHERE network_id = ?");
  rows.bind(network_id);
  std::vector<Lease> leases;
  while (rows.step()) leases.push_back({rows.text(0), rows.text(1), rows.text(2), rows.text(3), rows.text(4)});
  return leases;
}

void rename_endpoint(storage::Database& database, const Endpoint& endpoint, const std::vector<std::string>& names) {
  database.prepare("UPDATE endpoints SET names = ? WHERE network_id = ? AND address = ? AND endpoint_id = ?")
      .bind(fmt::format("{}", fmt::join(names, " ")))
      .bind(endpoint.network_id)
      .bind(endpoint.address)
      .bind(endpoint.id)
      .run();
}

void delete_network(storage::Database& database, const std::string& id) {
  database.prepare("DELETE FROM networks WHERE id = ?").bind(id).run();
}

}  // namespace minidock::network
