// The networks of an instance as rows of the database.
#include <fmt/format.h>

#include "base/error.h"
#include "base/format.h"
#include "base/random.h"
#include "network/ipv4.h"
#include "network/network.h"
#include "network/pools.h"

namespace minidock::network {

namespace {

constexpr int kShortestPrefix = 8;
constexpr int kLongestPrefix = 30;

std::optional<Network> find_network(storage::Database& database, const std::string& name) {
  storage::Statement row = database.prepare("SELECT id, interface, subnet, gateway FROM networks WHERE name = ?");
  row.bind(name);
  if (!row.step()) return std::nullopt;
  Network network{row.text(0), name, row.text(1), row.text(2), row.text(3), 0};
  network.prefix_length = stored_subnet(network.subnet, "subnet of network " + name).prefix_length;
  return network;
}

// The user's choice of gateway and subnet.
Ipv4Interface parse_bip(const std::string& bip) {
  const std::optional<Ipv4Interface> gateway = Ipv4Interface::parse(bip);
  if (!gateway) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("bip: \"{}\" is not an address with a prefix length such as 10.9.0.1/24", bip));
  }
  if (gateway->prefix_length < kShortestPrefix || gateway->prefix_length > kLongestPrefix) {
    throw Error(ErrorKind::invalid_argument, fmt::format("bip: the prefix length of {} is not between {} and {}", bip,
                                                         kShortestPrefix, kLongestPrefix));
  }
  const Ipv4Subnet subnet = gateway->subnet();
  if (gateway->address == subnet.base || gateway->address == subnet.broadcast()) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("bip: {} is the network's own or broadcast address, not a host's", bip));
  }
  return *gateway;
}

Ipv4Interface choose_gateway(storage::Database& database, const storage::Instance& instance) {
  std::vector<Ipv4Subnet> occupied = host_subnets(instance.bridge);
  storage::Statement rows = database.prepare("SELECT name, subnet FROM networks");
  while (rows.step()) occupied.push_back(stored_subnet(rows.text(1), "subnet of network " + rows.text(0)));
  const std::optional<Ipv4Subnet> subnet = choose_subnet(occupied);
  if (!subnet) {
    throw Error(ErrorKind::unavailable,
                "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the "
                "network: set \"bip\" in the configuration");
  }
  return {{subnet->base.value + 1}, subnet->prefix_length};
}

}  // namespace

Network default_network(storage::Database& database, const storage::Instance& instance, const std::string& bip) {
  const std::optional<Ipv4Interface> wanted = bip.empty() ? std::nullopt : std::optional(parse_bip(bip));
  std::optional<Network> network = find_network(database, kDefaultNetwork);
  if (!network) {
    const Ipv4Interface gateway = wanted ? *wanted : choose_gateway(database, instance);
    // Another process may be here too: the first row counts for both.
    database
        .prepare(
            "INSERT INTO networks(id, name, interface, subnet, gateway, last_address, created) "
            "VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
        .bind(random::object_id())
        .bind(kDefaultNetwork)
        .bind(instance.bridge)
        .bind(gateway.subnet().text())
        .bind(gateway.address.text())
        .bind(gateway.address.text())
        .bind(format::now_ns())
        .run();
    network = find_network(database, kDefaultNetwork);
    if (!network) {
      throw Error(ErrorKind::conflict, fmt::format("bridge {} belongs to another network", instance.bridge));
    }
  }
  if (wanted && (wanted->address.text() != network->gateway || wanted->subnet().text() != network->subnet)) {
    throw Error(ErrorKind::conflict,
                fmt::format("bip {} contradicts network {}, which exists with gateway {} in {}; remove its containers "
                            "and the network first",
                            bip, network->name, network->gateway, network->subnet));
  }
  return *network;
}

}  // namespace minidock::network
