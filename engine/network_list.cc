#include "engine/network_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/format.h"
#include "base/random.h"
#include "engine/attachments.h"
#include "engine/container_store.h"
#include "engine/list_rows.h"
#include "network/ip_prefix.h"

namespace minidock {
namespace {

constexpr std::array<std::string_view, 3> kPredefined{network::kDefaultNetwork, "host", "none"};

// Those without a bridge have no row of their own: their ids are made when somebody first looks.
std::string id_without_bridge(storage::Database& database, const std::string& name) {
  const std::string key = fmt::format("network-id {}", name);
  database.prepare("INSERT INTO host_settings(key, value) VALUES(?, ?) ON CONFLICT DO NOTHING")
      .bind(key)
      .bind(random::object_id())
      .run();
  storage::Statement row = database.prepare("SELECT value FROM host_settings WHERE key = ?");
  row.bind(key);
  row.step();
  return row.text(0);
}

ListedNetwork without_bridge(storage::Database& database, const std::string& name, const std::string& driver,
                             std::int64_t created) {
  ListedNetwork listed;
  listed.network.id = id_without_bridge(database, name);
  listed.network.name = name;
  listed.network.created = created;
  listed.driver = driver;
  return listed;
}

OrderedJson ipam_json(const ListedNetwork& listed) {
  const network::Network& network = listed.network;
  const network::NetworkSettings& settings = network.settings;
  OrderedJson config = OrderedJson::array();
  const auto add = [&](const std::string& subnet, const std::string& range, const std::string& gateway) {
    if (subnet.empty()) return;
    OrderedJson pool{{"Subnet", subnet}};
    if (!range.empty()) pool["IPRange"] = range;
    if (!gateway.empty()) pool["Gateway"] = gateway;
    OrderedJson kept = OrderedJson::object();
    for (const auto& [name, address] : settings.aux_addresses) {
      if (network::family_of(address) == network::family_of(subnet)) kept[name] = address;
    }
    if (!kept.empty()) pool["AuxiliaryAddresses"] = kept;
    config.push_back(pool);
  };
  // docker shows what was asked for, and all of what was not.
  add(network.subnet, settings.ip_range, settings.chosen_gateway || !settings.chosen_subnet ? network.gateway : "");
  add(network.ipv6_subnet, settings.ipv6_range,
      settings.chosen_ipv6_gateway || !settings.chosen_ipv6_subnet ? network.ipv6_gateway : "");
  const OrderedJson options = listed.is_predefined() ? OrderedJson() : OrderedJson(OrderedJson::object());
  return OrderedJson{{"Driver", "default"}, {"Options", options}, {"Config", config}};
}

std::string ipv6_text(const network::Endpoint& endpoint) {
  if (endpoint.ipv6_address.empty()) return "";
  return fmt::format("{}/{}", endpoint.ipv6_address, endpoint.ipv6_prefix_length);
}

OrderedJson containers_json(EngineContext& context, const network::Network& network) {
  OrderedJson containers = OrderedJson::object();
  for (const network::Lease& lease : network::leases_of(context.database, network.id)) {
    const std::optional<Container> container = find_container(context.database, lease.container_id);
    if (!container) continue;
    const std::vector<network::Endpoint>& endpoints = container->state.endpoints;
    const auto endpoint = std::find_if(endpoints.begin(), endpoints.end(), [&](const network::Endpoint& candidate) {
      return candidate.id == lease.endpoint_id;
    });
    if (endpoint == endpoints.end()) continue;
    containers[lease.container_id] = {{"Name", container->name()},
                                      {"EndpointID", lease.endpoint_id},
                                      {"MacAddress", endpoint->mac_address},
                                      {"IPv4Address", fmt::format("{}/{}", lease.address, network.prefix_length)},
                                      {"IPv6Address", ipv6_text(*endpoint)}};
  }
  return containers;
}

// Of the default network those that docker shows, too.
OrderedJson options_json(const ListedNetwork& listed) {
  std::map<std::string, std::string> options = listed.network.settings.options;
  if (listed.network.name == network::kDefaultNetwork) {
    options = {{"com.docker.network.bridge.default_bridge", "true"},
               {"com.docker.network.bridge.enable_icc", "true"},
               {"com.docker.network.bridge.enable_ip_masquerade", "true"},
               {"com.docker.network.bridge.host_binding_ipv4", network::kEveryAddress},
               {"com.docker.network.bridge.name", listed.network.interface},
               {"com.docker.network.driver.mtu", std::to_string(listed.network.bridge.mtu)}};
  }
  OrderedJson result = OrderedJson::object();
  for (const auto& [key, value] : options) result[key] = value;
  return result;
}

}  // namespace

bool ListedNetwork::is_predefined() const {
  return std::find(kPredefined.begin(), kPredefined.end(), network.name) != kPredefined.end();
}

bool is_user_defined_network(const std::string& mode) {
  return mode != "default" && mode != network::kDefaultNetwork && has_networks(mode);
}

std::vector<ListedNetwork> list_networks(EngineContext& context) {
  storage::Transaction transaction(context.database);
  const network::Network standard = network::default_network(context.database, context.instance, context.config.bip);
  std::vector<ListedNetwork> networks;
  for (network::Network& network : network::load_networks(context.database)) {
    const std::string driver = network.settings.driver;
    networks.push_back({std::move(network), driver});
  }
  networks.push_back(without_bridge(context.database, "host", "host", standard.created));
  networks.push_back(without_bridge(context.database, "none", "null", standard.created));
  transaction.commit();
  std::sort(networks.begin(), networks.end(),
            [](const ListedNetwork& a, const ListedNetwork& b) { return a.network.name < b.network.name; });
  return networks;
}

ListedNetwork find_listed_network(EngineContext& context, const std::string& name) {
  const std::vector<ListedNetwork> networks = list_networks(context);
  const auto find = [&](auto matches) { return std::find_if(networks.begin(), networks.end(), matches); };
  auto found = find([&](const ListedNetwork& listed) { return listed.network.id == name; });
  if (found == networks.end()) {
    found = find([&](const ListedNetwork& listed) { return listed.network.name == name; });
  }
  if (found != networks.end()) return *found;
  const auto begins = [&](const ListedNetwork& listed) { return !name.empty() && listed.network.id.starts_with(name); };
  const auto count = std::count_if(networks.begin(), networks.end(), begins);
  if (count == 1) return *find(begins);
  if (count == 0) throw Error(ErrorKind::not_found, fmt::format("No such network: {}", name));
  throw Error(ErrorKind::conflict, fmt::format("network {} is ambiguous ({} matches found on ID prefix)", name, count));
}

OrderedJson network_document(EngineContext& context, const ListedNetwork& listed) {
  const network::Network& network = listed.network;
  return OrderedJson{{"Name", network.name},
                     {"Id", network.id},
                     {"Created", format::rfc3339_nano(network.created)},
                     {"Scope", "local"},
                     {"Driver", listed.driver},
                     {"EnableIPv6", !network.ipv6_subnet.empty()},
                     {"IPAM", ipam_json(listed)},
                     {"Internal", network.settings.internal},
                     {"Attachable", network.settings.attachable},
                     {"Ingress", false},
                     {"ConfigFrom", {{"Network", ""}}},
                     {"ConfigOnly", false},
                     {"Containers", containers_json(context, network)},
                     {"Options", options_json(listed)},
                     {"Labels", OrderedJson(network.settings.labels)}};
}

OrderedJson network_headers() {
  return OrderedJson{{"ID", "NETWORK ID"}, {"Name", "NAME"},         {"Driver", "DRIVER"}, {"Scope", "SCOPE"},
                     {"IPv6", "IPV6"},     {"Internal", "INTERNAL"}, {"Labels", "LABELS"}, {"CreatedAt", "CREATED AT"}};
}

OrderedJson network_row(const ListedNetwork& listed, bool truncate) {
  const network::Network& network = listed.network;
  return OrderedJson{{"CreatedAt", created_at(network.created)},
                     {"Driver", listed.driver},
                     {"ID", truncate ? network.id.substr(0, 12) : network.id},
                     {"IPv6", network.ipv6_subnet.empty() ? "false" : "true"},
                     {"Internal", network.settings.internal ? "true" : "false"},
                     {"Label", OrderedJson(network.settings.labels)},
                     {"Labels", labels_text(network.settings.labels)},
                     {"Name", network.name},
                     {"Scope", "local"}};
}

}  // namespace minidock
