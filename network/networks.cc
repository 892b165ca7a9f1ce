// Which networks there are: the default one, and those that users make.
#include <fmt/format.h>
#include <net/if.h>

#include "base/error.h"
#include "base/format.h"
#include "base/random.h"
#include "network/ipv4.h"
#include "network/network.h"
#include "network/network_rows.h"
#include "network/networks.h"
#include "network/pools.h"

namespace minidock::network {

namespace {

constexpr int kShortestPrefix = 8;
constexpr int kLongestPrefix = 30;

// An interface's name has 15 characters.
constexpr char kBridgePrefix[] = "md-";
constexpr std::size_t kBridgeDigits = 12;

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
  for (const Network& network : load_networks(database)) occupied.push_back(subnet_of(network));
  const std::optional<Ipv4Subnet> subnet = choose_subnet(occupied);
  if (!subnet) {
    throw Error(ErrorKind::unavailable,
                "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the "
                "network: set \"bip\" in the configuration");
  }
  return {{subnet->base.value + 1}, subnet->prefix_length};
}

Network new_network(const std::string& name, const std::string& interface, const Ipv4Interface& gateway,
                    const NetworkSettings& settings) {
  Network network;
  network.id = random::object_id();
  network.name = name;
  network.interface = interface;
  network.subnet = gateway.subnet().text();
  network.gateway = gateway.address.text();
  network.prefix_length = gateway.prefix_length;
  network.created = format::now_ns();
  network.settings = settings;
  network.bridge = parse_bridge_options(settings.options);
  return network;
}

// ---- what users ask for

[[noreturn]] void invalid(const std::string& message) { throw Error(ErrorKind::invalid_argument, message); }

Ipv4Subnet parse_subnet(const std::string& what, const std::string& text) {
  const std::optional<Ipv4Interface> parsed = Ipv4Interface::parse(text);
  if (!parsed) invalid(fmt::format("Invalid {} {} : invalid CIDR address: {}", what, text, text));
  return parsed->subnet();
}

Ipv4Address parse_address_in(const Ipv4Subnet& subnet, const std::string& what, const std::string& text) {
  const std::optional<Ipv4Address> address = Ipv4Address::parse(text);
  if (!address || !subnet.contains(*address)) invalid(fmt::format("no matching subnet for {} {}", what, text));
  if (*address == subnet.base || *address == subnet.broadcast()) {
    invalid(fmt::format("{} {} is the own or the broadcast address of subnet {}", what, text, subnet.text()));
  }
  return *address;
}

// Where the bridge stands in the subnet that was asked for.
Ipv4Interface chosen_gateway(const NetworkRequest& request) {
  const Ipv4Subnet subnet = parse_subnet("subnet", request.subnet);
  if (subnet.prefix_length < kShortestPrefix || subnet.prefix_length > kLongestPrefix) {
    invalid(fmt::format("invalid subnet {}: its prefix length is not between {} and {}", request.subnet,
                        kShortestPrefix, kLongestPrefix));
  }
  Ipv4Address first{subnet.base.value + 1};
  if (!request.settings.ip_range.empty()) {
    const Ipv4Subnet range = parse_subnet("ip-range", request.settings.ip_range);
    if (range.prefix_length < subnet.prefix_length || !subnet.contains(range.base)) {
      invalid(fmt::format("no matching subnet for range {}", request.settings.ip_range));
    }
    if (range.base != subnet.base) first = range.base;
  }
  for (const auto& [name, text] : request.settings.aux_addresses) {
    if (parse_address_in(subnet, "aux-address", text) == first) ++first.value;
  }
  if (!request.gateway.empty()) first = parse_address_in(subnet, "gateway", request.gateway);
  return {first, subnet.prefix_length};
}

void check_overlap(storage::Database& database, const Ipv4Subnet& wanted) {
  for (const Network& other : load_networks(database)) {
    if (!subnet_of(other).overlaps(wanted)) continue;
    throw Error(ErrorKind::invalid_argument,
                fmt::format("Pool overlaps with other one on this address space: {} is network {}'s", other.subnet,
                            other.name));
  }
}

}  // namespace

Network create_network(storage::Database& database, const storage::Instance& instance, const NetworkRequest& request) {
  if (request.subnet.empty() && !(request.gateway.empty() && request.settings.ip_range.empty())) {
    invalid("every ip-range or gateway must have a corresponding subnet");
  }
  if (find_row(database, "name", request.name)) {
    throw Error(ErrorKind::conflict, fmt::format("network with name {} already exists", request.name));
  }
  const Ipv4Interface gateway = request.subnet.empty() ? choose_gateway(database, instance) : chosen_gateway(request);
  if (!request.subnet.empty()) check_overlap(database, gateway.subnet());
  Network network = new_network(request.name, "", gateway, request.settings);
  network.settings.chosen_subnet = !request.subnet.empty();
  network.settings.chosen_gateway = !request.gateway.empty();
  network.interface =
      network.bridge.interface.empty() ? kBridgePrefix + network.id.substr(0, kBridgeDigits) : network.bridge.interface;
  if (const std::optional<Network> other = find_row(database, "interface", network.interface)) {
    throw Error(ErrorKind::conflict, fmt::format("cannot create network {} (bridge {}): it is network {}'s already",
                                                 network.name, network.interface, other->name));
  }
  if (::if_nametoindex(network.interface.c_str()) != 0) {
    throw Error(ErrorKind::conflict,
                fmt::format("cannot create network {} (bridge {}): the host has such an interface already; choose "
                            "another com.docker.network.bridge.name",
                            network.name, network.interface));
  }
  insert_row(database, network);
  return network;
}

Network default_network(storage::Database& database, const storage::Instance& instance, const std::string& bip) {
  const std::optional<Ipv4Interface> wanted = bip.empty() ? std::nullopt : std::optional(parse_bip(bip));
  std::optional<Network> network = find_row(database, "name", kDefaultNetwork);
  if (!network) {
    const Ipv4Interface gateway = wanted ? *wanted : choose_gateway(database, instance);
    // Another process may be here too: the first row counts for both.
    insert_row(database, new_network(kDefaultNetwork, instance.bridge, gateway, {}));
    network = find_row(database, "name", kDefaultNetwork);
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
