// Addresses of a network: which one a container gets is a row of the database.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "base/error.h"
#include "base/random.h"
#include "network/bridge.h"
#include "network/ipv4.h"
#include "network/network_rows.h"

namespace minidock::network {

namespace {

// An interface's name has 15 characters: "md" and these.
constexpr std::size_t kInterfaceDigits = 13;

void require_free_port(storage::Database& database, const Network& network) {
  storage::Statement count = database.prepare("SELECT count(*) FROM endpoints WHERE network_id = ?");
  count.bind(network.id);
  count.step();
  if (count.int64(0) < kMaxBridgePorts) return;
  throw Error(ErrorKind::unavailable,
              fmt::format("network {} is full: its bridge {} holds {} containers, the most that a Linux bridge can",
                          network.name, network.interface, kMaxBridgePorts));
}

Ipv4Address last_address(storage::Database& database, const Network& network) {
  storage::Statement row = database.prepare("SELECT last_address FROM networks WHERE id = ?");
  row.bind(network.id);
  if (!row.step()) throw Error(ErrorKind::not_found, fmt::format("network {} not found", network.name));
  return stored_address(row.text(0), "last address of network " + network.name);
}

bool is_leased(storage::Database& database, const Network& network, Ipv4Address address) {
  storage::Statement row = database.prepare("SELECT 1 FROM endpoints WHERE network_id = ? AND address = ?");
  row.bind(network.id).bind(address.text());
  return row.step();
}

// Those that no container gets: the gateway's and the user's own.
std::set<Ipv4Address> kept_addresses(const Network& network) {
  std::set<Ipv4Address> kept{stored_address(network.gateway, "gateway of network " + network.name)};
  for (const auto& [name, text] : network.settings.aux_addresses) {
    kept.insert(stored_address(text, "address of network " + network.name));
  }
  return kept;
}

Ipv4Address wanted_address(storage::Database& database, const Network& network, const std::string& text) {
  const Ipv4Subnet subnet = subnet_of(network);
  const std::optional<Ipv4Address> address = Ipv4Address::parse(text);
  if (!address || !subnet.contains(*address) || *address == subnet.base || *address == subnet.broadcast()) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("Invalid address {}: It does not belong to any of this network's subnets", text));
  }
  if (!network.settings.chosen_subnet) {
    throw Error(ErrorKind::invalid_argument,
                "user specified IP address is supported only when connecting to networks with user configured subnets");
  }
  if (kept_addresses(network).contains(*address) || is_leased(database, network, *address)) {
    throw Error(ErrorKind::conflict, fmt::format("Address already in use: {} on network {}", text, network.name));
  }
  return *address;
}

Ipv4Address next_free_address(storage::Database& database, const Network& network) {
  const Ipv4Subnet subnet = subnet_of(network);
  const std::string& range_text = network.settings.ip_range;
  const Ipv4Subnet range = range_text.empty() ? subnet : stored_subnet(range_text, "range of network " + network.name);
  const std::set<Ipv4Address> kept = kept_addresses(network);
  // The subnet's first and last address are nobody's; those of a range within it are like any other.
  const Ipv4Address first{range.base.value + (range.base == subnet.base ? 1U : 0U)};
  const Ipv4Address end{range.broadcast().value + (range.broadcast() == subnet.broadcast() ? 0U : 1U)};
  const Ipv4Address last = last_address(database, network);
  Ipv4Address candidate = range.contains(last) ? last : Ipv4Address{first.value - 1};
  for (std::uint32_t tried = first.value; tried < end.value; ++tried) {
    ++candidate.value;
    if (candidate >= end) candidate = first;
    if (!kept.contains(candidate) && !is_leased(database, network, candidate)) return candidate;
  }
  throw Error(ErrorKind::unavailable,
              fmt::format("no available IPv4 addresses on network {}: each address of {} is leased", network.name,
                          network.subnet));
}

}  // namespace

std::string host_interface_name(const std::string& endpoint_id) {
  return "md" + endpoint_id.substr(0, kInterfaceDigits);
}

Endpoint reserve_endpoint(storage::Database& database, const Network& network, const std::string& container_id,
                          const EndpointRequest& request) {
  require_free_port(database, network);
  Endpoint endpoint;
  endpoint.id = random::object_id();
  endpoint.network_id = network.id;
  endpoint.network_name = network.name;
  endpoint.interface = request.interface;
  endpoint.gateway_priority = request.gateway_priority;
  const bool is_chosen = !request.address.empty();
  endpoint.address =
      (is_chosen ? wanted_address(database, network, request.address) : next_free_address(database, network)).text();
  endpoint.prefix_length = network.prefix_length;
  if (!network.settings.internal) endpoint.gateway = network.gateway;
  endpoint.mac_address = request.mac_address.empty() ? mac_text(endpoint.address) : request.mac_address;
  endpoint.host_interface = host_interface_name(endpoint.id);
  database.prepare("INSERT INTO endpoints(network_id, address, container_id, endpoint_id, names) VALUES(?, ?, ?, ?, ?)")
      .bind(network.id)
      .bind(endpoint.address)
      .bind(container_id)
      .bind(endpoint.id)
      .bind(fmt::format("{}", fmt::join(request.names, " ")))
      .run();
  if (!is_chosen) {
    database.prepare("UPDATE networks SET last_address = ? WHERE id = ?").bind(endpoint.address).bind(network.id).run();
  }
  return endpoint;
}

void release_endpoint(storage::Database& database, const Endpoint& endpoint) {
  database.prepare("DELETE FROM endpoints WHERE network_id = ? AND address = ? AND endpoint_id = ?")
      .bind(endpoint.network_id)
      .bind(endpoint.address)
      .bind(endpoint.id)
      .run();
}

const Endpoint* gateway_endpoint(const std::vector<Endpoint>& endpoints) {
  const auto rank = [](const Endpoint& endpoint) {
    return std::tuple(endpoint.gateway.empty(), -endpoint.gateway_priority, endpoint.network_name);
  };
  const auto best = std::min_element(endpoints.begin(), endpoints.end(),
                                     [&](const Endpoint& a, const Endpoint& b) { return rank(a) < rank(b); });
  return best == endpoints.end() ? nullptr : &*best;
}

void release_reservations(storage::Database& database, const std::string& container_id) {
  database.prepare("DELETE FROM ports WHERE container_id = ?").bind(container_id).run();
  database.prepare("DELETE FROM endpoints WHERE container_id = ?").bind(container_id).run();
}

}  // namespace minidock::network
