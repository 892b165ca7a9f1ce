// Which networks there are: the default one, and those that users make.
#include <fmt/format.h>

#include "base/error.h"
#include "base/format.h"
#include "base/random.h"
#include "network/driver.h"
#include "network/ip_prefix.h"
#include "network/network.h"
#include "network/network_rows.h"
#include "network/networks.h"
#include "network/pools.h"
#include "network/sysctls.h"

namespace minidock::network {

namespace {

constexpr int kShortestPrefix = 8;
constexpr int kLongestPrefix = 30;

// An interface's name has 15 characters.
constexpr char kOwnPrefix[] = "md-";
constexpr std::size_t kOwnDigits = 12;

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
  if (gateway->address == subnet.base || gateway->address == subnet.last()) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("bip: {} is the network's own or broadcast address, not a host's", bip));
  }
  return *gateway;
}

// `occupied`: what the host uses.
Ipv4Interface choose_gateway(storage::Database& database, std::vector<Ipv4Subnet> occupied) {
  for (const Network& network : load_networks(database)) occupied.push_back(subnet_of(network));
  const std::optional<Ipv4Subnet> subnet = choose_subnet(occupied);
  if (!subnet) {
    throw Error(ErrorKind::unavailable,
                "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the "
                "network: set \"bip\" in the configuration");
  }
  return {{subnet->base.value + 1}, subnet->prefix_length};
}

// `interface`: "" for one named after the network's id.
Network new_network(const std::string& name, const std::string& interface, const Ipv4Interface& gateway,
                    const NetworkSettings& settings) {
  Network network;
  network.id = random::object_id();
  network.name = name;
  network.interface = interface.empty() ? kOwnPrefix + network.id.substr(0, kOwnDigits) : interface;
  network.subnet = gateway.subnet().text();
  network.gateway = gateway.address.text();
  network.prefix_length = gateway.prefix_length;
  network.created = format::now_ns();
  network.settings = settings;
  take_options(network);
  return network;
}

// ---- what users ask for

[[noreturn]] void invalid(const std::string& message) { throw Error(ErrorKind::invalid_argument, message); }

template <typename Address>
IpSubnet<Address> parse_subnet(const std::string& what, const std::string& text) {
  const std::optional<IpInterface<Address>> parsed = IpInterface<Address>::parse(text);
  if (!parsed) invalid(fmt::format("Invalid {} {} : invalid CIDR address: {}", what, text, text));
  return parsed->subnet();
}

template <typename Address>
Address parse_address_in(const IpSubnet<Address>& subnet, const std::string& what, const std::string& text) {
  const std::optional<Address> address = Address::parse(text);
  if (!address || !subnet.contains(*address)) invalid(fmt::format("no matching subnet for {} {}", what, text));
  if (*address == subnet.base || *address == subnet.last()) {
    invalid(fmt::format("{} {} is the own or the broadcast address of subnet {}", what, text, subnet.text()));
  }
  return *address;
}

// What is asked for of one family.
struct PoolRequest {
  const std::string& subnet;
  const std::string& gateway;
  const std::string& range;
  const std::map<std::string, std::string>& aux_addresses;  // of both families
  int shortest_prefix;
  int longest_prefix;
};

// Where the bridge stands in the subnet that was asked for.
template <typename Address>
IpInterface<Address> chosen_gateway(const PoolRequest& request) {
  const auto subnet = parse_subnet<Address>("subnet", request.subnet);
  if (subnet.prefix_length < request.shortest_prefix || subnet.prefix_length > request.longest_prefix) {
    invalid(fmt::format("invalid subnet {}: its prefix length is not between {} and {}", request.subnet,
                        request.shortest_prefix, request.longest_prefix));
  }
  Address first{subnet.base.value + 1};
  if (!request.range.empty()) {
    const auto range = parse_subnet<Address>("ip-range", request.range);
    if (range.prefix_length < subnet.prefix_length || !subnet.contains(range.base)) {
      invalid(fmt::format("no matching subnet for range {}", request.range));
    }
    if (range.base != subnet.base) first = range.base;
  }
  for (const auto& [name, text] : request.aux_addresses) {
    if (family_of(text) != family_of(request.subnet)) continue;
    if (parse_address_in(subnet, "aux-address", text) == first) ++first.value;
  }
  if (!request.gateway.empty()) first = parse_address_in(subnet, "gateway", request.gateway);
  return {first, subnet.prefix_length};
}

Ipv4Interface chosen_ipv4_gateway(const NetworkRequest& request) {
  return chosen_gateway<Ipv4Address>({request.subnet, request.gateway, request.settings.ip_range,
                                      request.settings.aux_addresses, kShortestPrefix, kLongestPrefix});
}

// A subnet of one's own for private use (RFC 4193): fd, 40 random bits, and 16 for the subnet, random as well since
// each network gets another.
Ipv6Subnet random_ipv6_subnet() {
  constexpr int kPrefix = 64;
  constexpr std::size_t kDigits = 14;
  const Ipv6Address::Value bits = std::stoull(random::object_id().substr(0, kDigits), nullptr, 16);
  return {Ipv6Address{(Ipv6Address::Value{0xfd} << 120) | (bits << kPrefix)}, kPrefix};
}

Ipv6Interface chosen_ipv6_gateway(const NetworkRequest& request) {
  constexpr int kShortest = 8;
  constexpr int kLongest = 126;
  if (request.ipv6_subnet.empty()) {
    const Ipv6Subnet subnet = random_ipv6_subnet();
    return {{subnet.base.value + 1}, subnet.prefix_length};
  }
  return chosen_gateway<Ipv6Address>({request.ipv6_subnet, request.ipv6_gateway, request.settings.ipv6_range,
                                      request.settings.aux_addresses, kShortest, kLongest});
}

[[noreturn]] void refuse_overlap(const std::string& subnet, const Network& other) {
  invalid(fmt::format("Pool overlaps with other one on this address space: {} is network {}'s", subnet, other.name));
}

void check_ipv6_overlap(storage::Database& database, const Ipv6Subnet& wanted) {
  for (const Network& other : load_networks(database)) {
    const std::optional<Ipv6Subnet> taken = ipv6_subnet_of(other);
    if (taken && taken->overlaps(wanted)) refuse_overlap(other.ipv6_subnet, other);
  }
}

void require_ipv6(const NetworkRequest& request) {
  if (!read_sysctl("net/ipv6/conf/all/forwarding").empty()) return;
  throw Error(ErrorKind::unsupported,
              fmt::format("cannot create network {} with IPv6: this kernel has none (ipv6.disable=1?)", request.name));
}

void require_mtu(const Network& network) {
  constexpr std::uint32_t kLeast = 1280;  // RFC 8200, 5
  const std::uint32_t mtu = is_bridged(network) ? network.bridge.mtu : network.parent.mtu;
  if (mtu == 0 || mtu >= kLeast) return;
  invalid(fmt::format("cannot create network {}: IPv6 needs an MTU of {} at least, not {}", network.name, kLeast, mtu));
}

void add_ipv6(storage::Database& database, const NetworkRequest& request, Network& network) {
  if (!request.ipv6) return;
  require_ipv6(request);
  require_mtu(network);
  const Ipv6Interface gateway = chosen_ipv6_gateway(request);
  check_ipv6_overlap(database, gateway.subnet());
  network.ipv6_subnet = gateway.subnet().text();
  network.ipv6_gateway = gateway.address.text();
  network.settings.chosen_ipv6_subnet = !request.ipv6_subnet.empty();
  network.settings.chosen_ipv6_gateway = !request.ipv6_gateway.empty();
}

void check_overlap(storage::Database& database, const Ipv4Subnet& wanted) {
  for (const Network& other : load_networks(database)) {
    if (subnet_of(other).overlaps(wanted)) refuse_overlap(other.subnet, other);
  }
}

}  // namespace

Network create_network(storage::Database& database, const storage::Instance& instance, const NetworkRequest& request) {
  const bool lacks_ipv4 = request.subnet.empty() && !(request.gateway.empty() && request.settings.ip_range.empty());
  const bool lacks_ipv6 =
      request.ipv6_subnet.empty() && !(request.ipv6_gateway.empty() && request.settings.ipv6_range.empty());
  if (lacks_ipv4 || lacks_ipv6) {
    invalid("every ip-range or gateway must have a corresponding subnet");
  }
  // A host with many routes takes its time: not while others wait for the database.
  std::vector<Ipv4Subnet> occupied;
  if (request.subnet.empty()) occupied = host_subnets(instance.bridge);
  storage::Transaction transaction(database);
  if (find_row(database, "name", request.name)) {
    throw Error(ErrorKind::conflict, fmt::format("network with name {} already exists", request.name));
  }
  const Ipv4Interface gateway =
      request.subnet.empty() ? choose_gateway(database, std::move(occupied)) : chosen_ipv4_gateway(request);
  if (!request.subnet.empty()) check_overlap(database, gateway.subnet());
  Network network = new_network(request.name, "", gateway, request.settings);
  network.settings.chosen_subnet = !request.subnet.empty();
  network.settings.chosen_gateway = !request.gateway.empty();
  add_ipv6(database, request, network);
  if (!network.bridge.interface.empty()) network.interface = network.bridge.interface;
  if (!is_bridged(network) && network.parent.interface.empty()) {
    network.settings.internal = true;  // what has no parent leads nowhere
    take_options(network);
  }
  driver_of(network).check(network, load_networks(database));
  insert_row(database, network);
  transaction.commit();
  return network;
}

Network default_network(storage::Database& database, const storage::Instance& instance, const std::string& bip) {
  const std::optional<Ipv4Interface> wanted = bip.empty() ? std::nullopt : std::optional(parse_bip(bip));
  std::optional<Network> network = find_row(database, "name", kDefaultNetwork);
  if (!network) {
    const Ipv4Interface gateway = wanted ? *wanted : choose_gateway(database, host_subnets(instance.bridge));
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
