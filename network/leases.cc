// Addresses of a network: which one a container gets is a row of the database.
#include <fmt/format.h>

#include "base/error.h"
#include "base/random.h"
#include "network/bridge.h"
#include "network/ipv4.h"
#include "network/network.h"

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

Ipv4Address next_free_address(storage::Database& database, const Network& network) {
  const Ipv4Subnet subnet = stored_subnet(network.subnet, "subnet of network " + network.name);
  const Ipv4Address gateway = stored_address(network.gateway, "gateway of network " + network.name);
  const Ipv4Address first{subnet.base.value + 1};
  const Ipv4Address end = subnet.broadcast();
  const Ipv4Address last = last_address(database, network);
  Ipv4Address candidate = subnet.contains(last) ? last : subnet.base;
  for (std::uint32_t tried = first.value; tried < end.value; ++tried) {
    ++candidate.value;
    if (candidate >= end) candidate = first;
    if (candidate != gateway && !is_leased(database, network, candidate)) return candidate;
  }
  throw Error(ErrorKind::unavailable,
              fmt::format("no available IPv4 addresses on network {}: each address of {} is leased", network.name,
                          network.subnet));
}

}  // namespace

Endpoint reserve_endpoint(storage::Database& database, const Network& network, const std::string& container_id) {
  require_free_port(database, network);
  Endpoint endpoint;
  endpoint.id = random::object_id();
  endpoint.address = next_free_address(database, network).text();
  endpoint.prefix_length = network.prefix_length;
  endpoint.gateway = network.gateway;
  endpoint.mac_address = mac_text(endpoint.address);
  endpoint.host_interface = "md" + endpoint.id.substr(0, kInterfaceDigits);
  database.prepare("INSERT INTO endpoints(network_id, address, container_id, endpoint_id) VALUES(?, ?, ?, ?)")
      .bind(network.id)
      .bind(endpoint.address)
      .bind(container_id)
      .bind(endpoint.id)
      .run();
  database.prepare("UPDATE networks SET last_address = ? WHERE id = ?").bind(endpoint.address).bind(network.id).run();
  return endpoint;
}

void release_reservations(storage::Database& database, const std::string& container_id) {
  database.prepare("DELETE FROM ports WHERE container_id = ?").bind(container_id).run();
  database.prepare("DELETE FROM endpoints WHERE container_id = ?").bind(container_id).run();
}

}  // namespace minidock::network
