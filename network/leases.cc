// Addresses of a network: which one a container gets is a row of the database.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "base/error.h"
#include "base/random.h"
#include "network/driver.h"
#include "network/ipv4.h"
#include "network/network_rows.h"

namespace minidock::network {

namespace {

// An interface's name has 15 characters: "md" and these.
constexpr std::size_t kInterfaceDigits = 13;

void require_room(storage::Database& database, const Network& network) {
  storage::Statement count = database.prepare("SELECT count(*) FROM endpoints WHERE network_id = ?");
  count.bind(network.id);
  count.step();
  driver_of(network).check_room(network, count.int64(0));
}

Ipv4Address last_address(storage::Database& database, const Network& network) {
  storage::Statement row = database.prepare("SELECT last_address FROM networks WHERE id = ?");
  row.bind(network.id);
  if (!row.step()) throw Error(ErrorKind::not_found, fmt::format("network {} not found", network.name));
  return stored_address(row.text(0), "last address of network " + network.name);
}

// ---- addresses of either family

// What is known of a network's addresses of one family.
template <typename Address>
struct AddressSpace {
  const Network& network;
  IpSubnet<Address> subnet;
  std::string gateway;
  std::string range;     // "": the whole subnet
  bool is_chosen;        // by the user, who may choose addresses then
  const char* is_taken;  // asks for a network's endpoint with an address

  // The gateway's and the user's own: no container gets them.
  std::set<Address> kept() const {
    std::set<Address> kept{stored_ip<Address>(gateway, "gateway of network " + network.name)};
    for (const auto& [name, text] : network.settings.aux_addresses) {
      if (const std::optional<Address> address = Address::parse(text)) kept.insert(*address);
    }
    return kept;
  }

  // Nobody's own: the subnet's first and last address (of IPv6 routers' anycast, and one among too many to miss it).
  bool is_reserved(Address address) const { return address == subnet.base || address == subnet.last(); }

  bool is_leased(storage::Database& database, Address address) const {
    storage::Statement row = database.prepare(is_taken);
    row.bind(network.id).bind(address.text());
    return row.step();
  }
};

AddressSpace<Ipv4Address> ipv4_space(const Network& network) {
  return {network,
          subnet_of(network),
          network.gateway,
          network.settings.ip_range,
          network.settings.chosen_subnet,
          "SELECT 1 FROM endpoints WHERE network_id = ? AND address = ?"};
}

AddressSpace<Ipv6Address> ipv6_space(const Network& network, const Ipv6Subnet& subnet) {
  return {network,
          subnet,
          network.ipv6_gateway,
          network.settings.ipv6_range,
          network.settings.chosen_ipv6_subnet,
          "SELECT 1 FROM endpoints WHERE network_id = ? AND ipv6_address = ?"};
}

template <typename Address>
Address wanted_address(storage::Database& database, const AddressSpace<Address>& space, const std::string& text) {
  const std::optional<Address> address = Address::parse(text);
  if (!address || !space.subnet.contains(*address) || space.is_reserved(*address)) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("Invalid address {}: It does not belong to any of this network's subnets", text));
  }
  if (!space.is_chosen) {
    throw Error(ErrorKind::invalid_argument,
                "user specified IP address is supported only when connecting to networks with user configured subnets");
  }
  if (space.kept().contains(*address) || space.is_leased(database, *address)) {
    throw Error(ErrorKind::conflict, fmt::format("Address already in use: {} on network {}", text, space.network.name));
  }
  return *address;
}

// The first free one after `last` in the range, wrapping around.
template <typename Address>
Address next_free_address(storage::Database& database, const AddressSpace<Address>& space, Address last) {
  const IpSubnet<Address> range =
      space.range.empty() ? space.subnet
                          : stored_ip_subnet<Address>(space.range, "range of network " + space.network.name);
  const std::set<Address> kept = space.kept();
  // The subnet's first and last address are nobody's; those of a range within it are like any other.
  const Address first{range.base.value + (range.base == space.subnet.base ? 1U : 0U)};
  const Address end{range.last().value + (range.last() == space.subnet.last() ? 0U : 1U)};
  Address candidate = range.contains(last) ? last : Address{first.value - 1};
  for (typename Address::Value tried = first.value; tried < end.value; ++tried) {
    ++candidate.value;
    if (candidate >= end) candidate = first;
    if (!kept.contains(candidate) && !space.is_leased(database, candidate)) return candidate;
  }
  throw Error(ErrorKind::unavailable,
              fmt::format("no available {} addresses on network {}: each address of {} is leased", Address::kFamily,
                          space.network.name, range.text()));
}

// A container is easier to recognise when its two addresses have the same number in their subnets.
Ipv6Address same_number(const Ipv6Subnet& ipv6, const Ipv4Subnet& ipv4, Ipv4Address address) {
  const Ipv6Address::Value number = address.value - ipv4.base.value;
  return {ipv6.base.value | (number & ~ipv6.mask())};
}

void reserve_ipv6_address(storage::Database& database, const Network& network, const std::string& wanted,
                          Endpoint& endpoint) {
  const std::optional<Ipv6Subnet> subnet = ipv6_subnet_of(network);
  if (!subnet) {
    if (wanted.empty()) return;
    throw Error(
        ErrorKind::invalid_argument,
        fmt::format("Invalid address {}: network {} has no IPv6 (network create --ipv6)", wanted, network.name));
  }
  const AddressSpace<Ipv6Address> space = ipv6_space(network, *subnet);
  const Ipv6Address like_ipv4 =
      same_number(*subnet, subnet_of(network), stored_address(endpoint.address, "address of an endpoint"));
  const Ipv6Address address = wanted.empty() ? next_free_address(database, space, Ipv6Address{like_ipv4.value - 1})
                                             : wanted_address(database, space, wanted);
  endpoint.ipv6_address = address.text();
  endpoint.ipv6_prefix_length = subnet->prefix_length;
  if (!network.settings.internal) endpoint.ipv6_gateway = network.ipv6_gateway;
}

// With others' addresses a container would have others' rights.
void require_guard(const Network& network, const EndpointRequest& request) {
  if (request.egress.empty()) return;
  if (!is_bridged(network)) {
    throw Error(
        ErrorKind::unsupported,
        fmt::format("--egress deny cannot be kept on network {} of driver {}: what its containers send does not "
                    "pass the host; choose a network of driver bridge",
                    network.name, network.settings.driver));
  }
  if (!network.bridge.allow_spoofing) return;
  throw Error(ErrorKind::unsupported,
              fmt::format("--egress deny cannot be kept on network {}, whose containers may send with any address: "
                          "choose a network without that option",
                          network.name));
}

}  // namespace

std::string host_interface_name(const std::string& endpoint_id) {
  return "md" + endpoint_id.substr(0, kInterfaceDigits);
}

Endpoint reserve_endpoint(storage::Database& database, const Network& network, const std::string& container_id,
                          const EndpointRequest& request) {
  require_room(database, network);
  require_guard(network, request);
  Endpoint endpoint;
  endpoint.id = random::object_id();
  endpoint.network_id = network.id;
  endpoint.network_name = network.name;
  endpoint.interface = request.interface;
  endpoint.gateway_priority = request.gateway_priority;
  const bool is_chosen = !request.address.empty();
  const AddressSpace<Ipv4Address> space = ipv4_space(network);
  const Ipv4Address address = is_chosen ? wanted_address(database, space, request.address)
                                        : next_free_address(database, space, last_address(database, network));
  endpoint.address = address.text();
  endpoint.prefix_length = network.prefix_length;
  if (!network.settings.internal) endpoint.gateway = network.gateway;
  reserve_ipv6_address(database, network, request.ipv6_address, endpoint);
  endpoint.driver = network.settings.driver;
  driver_of(network).complete(network, request, endpoint);
  database
      .prepare(
          "INSERT INTO endpoints(network_id, address, container_id, endpoint_id, names, ipv6_address, egress) "
          "VALUES(?, ?, ?, ?, ?, ?, ?)")
      .bind(network.id)
      .bind(endpoint.address)
      .bind(container_id)
      .bind(endpoint.id)
      .bind(fmt::format("{}", fmt::join(request.names, " ")))
      .bind(endpoint.ipv6_address)
      .bind(request.egress)
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

namespace {

// Of those that have an address of the family.
const Endpoint* first_to_lead_out(const std::vector<Endpoint>& endpoints, std::string Endpoint::*address,
                                  std::string Endpoint::*gateway) {
  const auto rank = [&](const Endpoint& endpoint) {
    return std::tuple((endpoint.*gateway).empty(), -endpoint.gateway_priority, endpoint.network_name);
  };
  const Endpoint* best = nullptr;
  for (const Endpoint& endpoint : endpoints) {
    if ((endpoint.*address).empty()) continue;
    if (best == nullptr || rank(endpoint) < rank(*best)) best = &endpoint;
  }
  return best;
}

}  // namespace

const Endpoint* gateway_endpoint(const std::vector<Endpoint>& endpoints) {
  return first_to_lead_out(endpoints, &Endpoint::address, &Endpoint::gateway);
}

const Endpoint* ipv6_gateway_endpoint(const std::vector<Endpoint>& endpoints) {
  return first_to_lead_out(endpoints, &Endpoint::ipv6_address, &Endpoint::ipv6_gateway);
}

PortTarget port_target(const std::vector<Endpoint>& endpoints) {
  const Endpoint* ipv4 = gateway_endpoint(endpoints);
  const Endpoint* ipv6 = ipv6_gateway_endpoint(endpoints);
  const auto is_reached = [](const Endpoint* endpoint) { return endpoint != nullptr && has_bridge(*endpoint); };
  return {is_reached(ipv4) ? ipv4->address : "", is_reached(ipv6) ? ipv6->ipv6_address : ""};
}

DefaultRoutes default_routes_by(const Endpoint& endpoint, const std::vector<Endpoint>& endpoints) {
  const Endpoint* ipv4 = gateway_endpoint(endpoints);
  const Endpoint* ipv6 = ipv6_gateway_endpoint(endpoints);
  return {ipv4 == &endpoint && !endpoint.gateway.empty(), ipv6 == &endpoint && !endpoint.ipv6_gateway.empty()};
}

void release_reservations(storage::Database& database, const std::string& container_id) {
  database.prepare("DELETE FROM ports WHERE container_id = ?").bind(container_id).run();
  database.prepare("DELETE FROM endpoints WHERE container_id = ?").bind(container_id).run();
}

}  // namespace minidock::network
