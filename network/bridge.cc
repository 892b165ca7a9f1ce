#include "network/bridge.h"

#include <fmt/format.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "base/error.h"
#include "base/syscall.h"
#include "network/ipv6.h"
#include "network/link_group.h"
#include "network/link_requests.h"
#include "network/network_rows.h"
#include "network/route_objects.h"
#include "network/route_socket.h"
#include "network/sysctls.h"

namespace minidock::network {

namespace {

bool interface_ioctl(int socket, unsigned long request, const char* name, ifreq& answer) {
  const std::uint64_t started = trace::start();
  const int result = ::ioctl(socket, request, &answer);
  if (trace::enabled())
    trace::line(started, fmt::format("{} {}", name, answer.ifr_name), result, result < 0 ? errno : 0);
  return result == 0;
}

void create_bridge(RouteSocket& socket, const Network& network) {
  RouteRequest create(fmt::format("create bridge {}", network.interface), RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
                      ifinfomsg{});
  const MacAddress mac = mac_of(stored_address(network.gateway, "gateway of network " + network.name));
  create.put_string(IFLA_IFNAME, network.interface)
      .put(IFLA_ADDRESS, mac.data(), mac.size())
      .put_u32(IFLA_MTU, network.bridge.mtu);
  create.open(IFLA_LINKINFO).put_string(IFLA_INFO_KIND, "bridge").close();
  create.tolerate(EEXIST);
  std::vector<RouteRequest> requests;
  requests.push_back(std::move(create));
  socket.send(requests);
  const std::string kind = link_kind(network.interface);
  if (kind == "bridge") return;
  throw Error(ErrorKind::conflict,
              fmt::format("interface {} is in the way of network {}: it is not a bridge{}; remove or rename it",
                          network.interface, network.name, kind.empty() ? "" : " but a " + kind));
}

std::string route_localnet_key(const Network& network) {
  return fmt::format("net/ipv4/conf/{}/route_localnet", network.interface);
}

// A router advertisement of a container must not configure the host; nobody else has the gateway's address, which has
// to be there at once. A packet to a container's port published on localhost leaves by this bridge with a source in
// 127.0.0.0/8, hence route_localnet (the firewall's guard closes what it would open).
void set_bridge_sysctls(const Network& network) {
  write_sysctl(ipv6_key(network.interface, "accept_ra"), "0");
  write_sysctl(ipv6_key(network.interface, "accept_dad"), "0");
  write_sysctl(ipv6_key(network.interface, "disable_ipv6"), network.ipv6_subnet.empty() ? "1" : "0");
  write_sysctl(route_localnet_key(network), "1");
}

// What route_localnet is for IPv4: packets for ::1 that come by the bridge, the translated answers to connections from
// there, are the host's. (The kernel itself throws away what is sent to ::1.) Behind lo's own route; no two bridges may
// have the same metric.
RouteRequest ipv6_localhost_request(const Network& network, unsigned index) {
  const std::uint32_t metric = 4096 + index;
  rtmsg header{};
  header.rtm_family = AF_INET6;
  header.rtm_dst_len = Ipv6Address::kBits;
  header.rtm_table = RT_TABLE_LOCAL;
  header.rtm_protocol = RTPROT_BOOT;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  header.rtm_type = RTN_LOCAL;
  RouteRequest request(fmt::format("let answers to ::1 come by {}", network.interface), RTM_NEWROUTE,
                       NLM_F_CREATE | NLM_F_EXCL, header);
  const Ipv6Bytes localhost = Ipv6Address{1}.bytes();
  request.put(RTA_DST, localhost.data(), localhost.size()).put_u32(RTA_OIF, index).put_u32(RTA_PRIORITY, metric);
  request.tolerate(EEXIST);
  return request;
}

std::optional<Ipv6Interface> ipv6_gateway_of(const Network& network) {
  const std::optional<Ipv6Subnet> subnet = ipv6_subnet_of(network);
  if (!subnet) return std::nullopt;
  return Ipv6Interface{stored_ip<Ipv6Address>(network.ipv6_gateway, "IPv6 gateway of network " + network.name),
                       subnet->prefix_length};
}

// Only a host that has the address can bind to it.
bool has_ipv6_address(const Network& network) {
  const std::optional<Ipv6Interface> gateway = ipv6_gateway_of(network);
  if (!gateway) return true;
  const Fd socket(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return false;
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  const Ipv6Bytes bytes = gateway->address.bytes();
  std::memcpy(&address.sin6_addr, bytes.data(), bytes.size());
  return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

std::string lacks(const std::string& address) { return "lacks its address " + address; }

}  // namespace

bool bridge_is_ready(const Network& network) { return bridge_fault(network).empty(); }

std::string bridge_fault(const Network& network) {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) throw SysError("cannot open a socket to look at the bridge");
  ifreq request{};
  if (network.interface.size() >= sizeof(request.ifr_name)) return "cannot have this name";
  std::memcpy(request.ifr_name, network.interface.c_str(), network.interface.size() + 1);
  if (!interface_ioctl(socket.get(), SIOCGIFFLAGS, "SIOCGIFFLAGS", request)) return "is gone";
  if ((request.ifr_flags & IFF_UP) == 0) return "is switched off";
  if (!interface_ioctl(socket.get(), SIOCGIFADDR, "SIOCGIFADDR", request)) return lacks(network.gateway);
  sockaddr_in address{};
  std::memcpy(&address, &request.ifr_addr, sizeof(address));
  if (Ipv4Address{ntohl(address.sin_addr.s_addr)}.text() != network.gateway) return lacks(network.gateway);
  if (!has_ipv6_address(network)) return lacks(network.ipv6_gateway);
  const bool routes_localhost = read_sysctl(route_localnet_key(network)) == "1";
  return routes_localhost ? "" : "does not let 127.0.0.1 lead to published ports (route_localnet is 0)";
}

void make_bridge_ready(const storage::Instance& instance, const Network& network) {
  RouteSocket socket;
  create_bridge(socket, network);
  set_bridge_sysctls(network);
  const unsigned index = link_index(network.interface);
  const Ipv4Interface wanted{stored_address(network.gateway, "gateway of network " + network.name),
                             network.prefix_length};
  std::vector<RouteRequest> requests;
  // Left from a database that is gone, with another subnet.
  for (const Ipv4Interface& stale : addresses_of(network.interface)) {
    if (stale.address != wanted.address || stale.prefix_length != wanted.prefix_length) {
      requests.push_back(address_request(RTM_DELADDR, index, stale));
      requests.back().tolerate(EADDRNOTAVAIL);
    }
  }
  requests.push_back(address_request(RTM_NEWADDR, index, wanted));
  requests.back().tolerate(EEXIST);
  const std::optional<Ipv6Interface> ipv6 = ipv6_gateway_of(network);
  if (ipv6) {
    requests.push_back(address_request(RTM_NEWADDR, index, *ipv6));
    requests.back().tolerate(EEXIST);
  }
  requests.push_back(up_request(index, network.interface));
  requests.back().put_u32(IFLA_GROUP, link_group(instance));
  if (ipv6) requests.push_back(ipv6_localhost_request(network, index));
  socket.send(requests);
}

bool can_answer_to_ipv6_localhost() { return read_sysctl("net/bridge/bridge-nf-call-ip6tables") != "1"; }

void remove_link(const std::string& interface) {
  RouteSocket socket;
  std::vector<RouteRequest> requests;
  requests.emplace_back(fmt::format("remove interface {}", interface), RTM_DELLINK, 0, ifinfomsg{});
  requests.back().put_string(IFLA_IFNAME, interface).tolerate(ENODEV);
  socket.send(requests);
}

unsigned link_index(const std::string& interface) {
  const unsigned index = if_nametoindex(interface.c_str());
  if (index == 0) throw Error(ErrorKind::not_found, fmt::format("no such interface: {}", interface));
  return index;
}

std::string mac_text(const std::string& ipv4) {
  const MacAddress mac = mac_of(stored_address(ipv4, "address"));
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

}  // namespace minidock::network
