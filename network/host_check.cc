#include "network/host_check.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#include "network/egress.h"
#include "network/firewall_internal.h"
#include "network/network_rows.h"
#include "network/networks.h"
#include "network/nft_set_list.h"
#include "network/sysctls.h"
#include "network/transport.h"

namespace minidock::network {

namespace {

// ---- what the bytes of an element mean

std::string address_text(IpFamily family, const std::string& bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int number = family == IpFamily::ipv4 ? AF_INET : AF_INET6;
  if (bytes.size() != (family == IpFamily::ipv4 ? sizeof(in_addr) : sizeof(in6_addr))) return "?";
  return inet_ntop(number, bytes.data(), text.data(), text.size()) == nullptr ? "?" : text.data();
}

std::string port_text(const std::string& bytes) {
  std::uint16_t port = 0;
  if (bytes.size() >= sizeof(port)) std::memcpy(&port, bytes.data(), sizeof(port));
  return fmt::format("{}", ntohs(port));
}

std::string protocol_text(char number) {
  for (const char* name : {"tcp", "udp", "sctp"}) {
    if (transport_of(name).protocol == static_cast<std::uint8_t>(number)) return name;
  }
  return fmt::format("protocol {}", static_cast<unsigned char>(number));
}

std::string with_port(const std::string& address, const std::string& port) {
  const bool is_ipv6 = address.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + address + "]" : address) + ":" + port;
}

// "0.0.0.0:8080/tcp" of a key that is, or is not, for one address of the host.
std::string published_text(IpFamily family, const std::string& key) {
  constexpr std::size_t kProtocolAndPort = 2 * kNftRegister;
  if (key.size() < kProtocolAndPort) return "?";
  const std::size_t address = key.size() - kProtocolAndPort;
  const std::string host = address == 0 ? every_address_of(family) : address_text(family, key.substr(0, address));
  return with_port(host, port_text(key.substr(address + kNftRegister))) + "/" + protocol_text(key[address]);
}

std::string target_text(IpFamily family, const std::string& data) {
  const std::size_t size = family == IpFamily::ipv4 ? sizeof(in_addr) : sizeof(in6_addr);
  if (data.size() < size) return "?";
  return with_port(address_text(family, data.substr(0, size)), port_text(data.substr(size)));
}

// ---- published ports

struct WantedPort {
  std::string target;
  std::string container_id;
};
using WantedPorts = std::map<std::string, WantedPort>;  // by the element's key

std::map<std::string, WantedPorts> wanted_ports(storage::Database& database) {
  std::map<std::string, WantedPorts> wanted;
  storage::Statement rows = database.prepare(
      "SELECT protocol, host_ip, host_port, container_port, container_ip, container_id FROM ports "
      "WHERE container_ip <> ''");
  while (rows.step()) {
    Publication publication;
    publication.port = {rows.text(0), rows.text(1), static_cast<std::uint16_t>(rows.int64(2)),
                        static_cast<std::uint16_t>(rows.int64(3))};
    publication.container_ip = rows.text(4);
    const PublishedElement element = element_of(publication);
    wanted[element.map][element.key] = {element.target, rows.text(5)};
  }
  return wanted;
}

void compare_map(const NftTable& table, IpFamily family, const char* map, const WantedPorts& wanted,
                 std::vector<HostDifference>& differences) {
  std::map<std::string, std::string> found;
  for (ListedElement& element : list_elements(table, map)) found[element.key] = std::move(element.data);
  for (const auto& [key, port] : wanted) {
    const auto element = found.find(key);
    const std::string right = target_text(family, port.target);
    if (element == found.end()) {
      differences.push_back({published_text(family, key), "leads nowhere, instead of to " + right, port.container_id});
    } else if (element->second != port.target) {
      differences.push_back({published_text(family, key),
                             fmt::format("leads to {}, instead of to {}", target_text(family, element->second), right),
                             port.container_id});
    }
  }
  for (const auto& [key, target] : found) {
    if (wanted.contains(key)) continue;
    differences.push_back({published_text(family, key),
                           fmt::format("leads to {}, but no container has it", target_text(family, target)), ""});
  }
}

// ---- who may send with which address

struct GuardedInterface {
  std::string host_interface;
  std::string container_id;
};

struct WantedGuard {
  std::map<std::string, std::map<std::string, GuardedInterface>> sets;  // set → key → whose
  std::map<std::string, GuardedInterface> interfaces;                   // by the bytes that keys begin with
};

WantedGuard wanted_guard(storage::Database& database) {
  WantedGuard wanted;
  for (const Network& network : load_networks(database)) {
    if (!is_bridged(network) || network.bridge.allow_spoofing) continue;
    for (const Lease& lease : leases_of(database, network.id)) {
      const GuardedInterface owner{host_interface_name(lease.endpoint_id), lease.container_id};
      for (const GuardElement& element :
           guard_elements_of({owner.host_interface, sender_addresses(lease.address, lease.ipv6_address)})) {
        wanted.sets[element.set][element.key] = owner;
        wanted.interfaces[element.key.substr(0, kInterfaceKeySize)] = owner;
      }
    }
  }
  return wanted;
}

// "with 172.17.0.2", and "at all" for the set of interfaces.
std::string permission_text(const std::string& key) {
  const std::string address = key.substr(kInterfaceKeySize);
  if (address.empty()) return "at all";
  return "with " + address_text(address.size() == sizeof(in_addr) ? IpFamily::ipv4 : IpFamily::ipv6, address);
}

void compare_guard_set(const NftTable& table, const char* set, const WantedGuard& wanted,
                       std::vector<HostDifference>& differences) {
  std::map<std::string, bool> found;
  for (const ListedElement& element : list_elements(table, set)) found[element.key] = true;
  const auto of_set = wanted.sets.find(set);
  if (of_set != wanted.sets.end()) {
    for (const auto& [key, owner] : of_set->second) {
      if (found.contains(key)) continue;
      const bool is_interface = key.size() == kInterfaceKeySize;
      differences.push_back({owner.host_interface,
                             is_interface ? "is not guarded: its container may send with any address"
                                          : fmt::format("may not send {}, its own address", permission_text(key)),
                             owner.container_id});
    }
  }
  for (const auto& [key, present] : found) {
    const auto owner = wanted.interfaces.find(key.substr(0, kInterfaceKeySize));
    if (owner == wanted.interfaces.end() || key.size() == kInterfaceKeySize) continue;
    if (of_set != wanted.sets.end() && of_set->second.contains(key)) continue;
    differences.push_back({owner->second.host_interface,
                           fmt::format("may send {}, which is not its own address", permission_text(key)),
                           owner->second.container_id});
  }
}

// ---- who is led to the rules about what he may begin

void compare_restrictions(storage::Database& database, const storage::Instance& instance,
                          std::vector<HostDifference>& differences) {
  using Map = std::pair<std::uint8_t, std::string>;
  std::map<Map, std::set<std::string>> found;
  const auto keys_of = [&](const Map& map) -> const std::set<std::string>& {
    const auto [keys, is_new] = found.try_emplace(map);
    if (is_new) {
      for (ListedElement& element : list_elements({map.first, instance.nft_table}, map.second.c_str())) {
        keys->second.insert(std::move(element.key));
      }
    }
    return keys->second;
  };
  std::map<Map, std::set<std::string>> wanted;
  for (const RestrictedContainer& container : restricted_containers(database)) {
    for (const RestrictedEndpoint& endpoint : container.endpoints) {
      for (const RestrictionElement& element : restriction_elements_of(endpoint)) {
        const Map map(element.family, element.map);
        wanted[map].insert(element.key);
        if (keys_of(map).contains(element.key)) continue;
        differences.push_back(
            {element.host_interface,
             fmt::format("lacks an element of map {}: its container's egress rules are passed by", element.map),
             container.id});
      }
    }
  }
  for (const Map& map : restriction_maps()) {
    const std::size_t before_address = map.first == NFPROTO_INET ? kInterfaceKeySize : 0;
    for (const std::string& key : keys_of(map)) {
      if (wanted[map].contains(key) || key.size() <= before_address) continue;
      const std::string address = key.substr(before_address);
      const IpFamily family = address.size() == sizeof(in_addr) ? IpFamily::ipv4 : IpFamily::ipv6;
      differences.push_back({address_text(family, address),
                             fmt::format("is in map {}, but no restricted container has it", map.second), ""});
    }
  }
}

}  // namespace

std::vector<HostDifference> compare_elements(storage::Database& database, const storage::Instance& instance) {
  std::vector<HostDifference> differences;
  std::map<std::string, WantedPorts> ports = wanted_ports(database);
  const NftTable table{NFPROTO_INET, instance.nft_table};
  for (const PortMaps& maps : kPortMaps) {
    for (const char* map : {maps.everywhere, maps.on_address}) {
      compare_map(table, maps.family, map, ports[map], differences);
    }
  }
  const WantedGuard guard = wanted_guard(database);
  for (const char* set : kGuardSets) compare_guard_set(guard_table(instance.nft_table), set, guard, differences);
  compare_restrictions(database, instance, differences);
  return differences;
}

std::vector<HostDifference> compare_forwarding(const std::vector<Network>& networks) {
  std::vector<HostDifference> differences;
  if (networks.empty()) return differences;
  if (read_sysctl(kForwarding) != "1") {
    differences.push_back({"net.ipv4.ip_forward", "is 0: containers reach nothing outside", ""});
  }
  const auto has_ipv6 = [](const Network& network) { return !network.ipv6_subnet.empty(); };
  if (std::any_of(networks.begin(), networks.end(), has_ipv6) && read_sysctl(kIpv6Forwarding) != "1") {
    differences.push_back({"net.ipv6.conf.all.forwarding", "is 0: containers reach nothing outside by IPv6", ""});
  }
  return differences;
}

}  // namespace minidock::network
