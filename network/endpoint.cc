// A container's end of a network: a veth pair whose peer is created inside the container's network namespace.
#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include <cerrno>

#include "base/error.h"
#include "base/explain.h"
#include "base/netns_visit.h"
#include "network/bridge.h"
#include "network/ip_prefix.h"
#include "network/link_group.h"
#include "network/link_requests.h"
#include "network/network.h"
#include "network/route_socket.h"
#include "network/sysctls.h"

namespace minidock::network {

namespace {

constexpr unsigned kLoopbackIndex = 1;
constexpr int kLinkLocalPrefix = 64;

// One message makes both ends. Down: IPv6 has to be off before they are up, and the kernel refuses a peer that is up
// from birth (ENOTCONN).
RouteRequest pair_request(const storage::Instance& instance, const Network& network, const Endpoint& endpoint,
                          int netns) {
  RouteRequest request(fmt::format("create interface {} on bridge {}", endpoint.host_interface, network.interface),
                       RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
  // One queue: veth makes one for each CPU and then reduces them to one, with a wait for all CPUs at each end.
  request.put_string(IFLA_IFNAME, endpoint.host_interface)
      .put_u32(IFLA_MTU, network.bridge.mtu)
      .put_u32(IFLA_NUM_TX_QUEUES, 1)
      .put_u32(IFLA_NUM_RX_QUEUES, 1)
      .put_u32(IFLA_MASTER, link_index(network.interface))
      .put_u32(IFLA_GROUP, link_group(instance));
  const ifinfomsg peer{};
  const MacAddress mac = parse_mac(endpoint.mac_address);
  request.open(IFLA_LINKINFO).put_string(IFLA_INFO_KIND, "veth").open(IFLA_INFO_DATA).open(VETH_INFO_PEER);
  request.append(&peer, sizeof(peer))
      .put_string(IFLA_IFNAME, endpoint.interface)
      .put_u32(IFLA_MTU, network.bridge.mtu)
      .put_u32(IFLA_NUM_TX_QUEUES, 1)
      .put_u32(IFLA_NUM_RX_QUEUES, 1)
      .put(IFLA_ADDRESS, mac.data(), mac.size())
      .put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(netns));
  request.close().close().close();
  return request;
}

// Hairpin: a container that connects to its own published port gets the packet back on the port it came from. Isolated
// ports (no icc) reach the bridge alone. A locked port takes frames of the MAC addresses that the bridge was told stand
// there, and learns no others. All can be set only on an existing port, so they go with switching it on.
RouteRequest port_up_request(const Network& network, const Endpoint& endpoint) {
  ifinfomsg header{};
  header.ifi_flags = IFF_UP;
  header.ifi_change = IFF_UP;
  RouteRequest request(fmt::format("switch on interface {}", endpoint.host_interface), RTM_NEWLINK, 0, header);
  request.put_string(IFLA_IFNAME, endpoint.host_interface).open(IFLA_LINKINFO);
  request.put_string(IFLA_INFO_SLAVE_KIND, "bridge").open(IFLA_INFO_SLAVE_DATA).put_u8(IFLA_BRPORT_MODE, 1);
  if (!network.bridge.icc) request.put_u8(IFLA_BRPORT_ISOLATED, 1);
  if (!network.bridge.allow_spoofing) request.put_u8(IFLA_BRPORT_LEARNING, 0).put_u8(IFLA_BRPORT_LOCKED, 1);
  request.close().close();
  return request;
}

// The container's MAC address stands at this port of the bridge and nowhere else.
RouteRequest station_request(const Endpoint& endpoint) {
  ndmsg header{};
  header.ndm_family = AF_BRIDGE;
  header.ndm_ifindex = static_cast<int>(link_index(endpoint.host_interface));
  header.ndm_state = NUD_NOARP;
  header.ndm_flags = NTF_MASTER;
  RouteRequest request(fmt::format("tell the bridge of {} at {}", endpoint.mac_address, endpoint.host_interface),
                       RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, header);
  const MacAddress mac = parse_mac(endpoint.mac_address);
  request.put(NDA_LLADDR, mac.data(), mac.size());
  return request;
}

void switch_on_port(RouteSocket& socket, const Network& network, const Endpoint& endpoint) {
  std::vector<RouteRequest> requests;
  if (!network.bridge.allow_spoofing) requests.push_back(station_request(endpoint));
  requests.push_back(port_up_request(network, endpoint));
  socket.send(requests);
}

rtmsg default_route_header(int family) {
  rtmsg header{};
  header.rtm_family = static_cast<unsigned char>(family);
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_type = RTN_UNICAST;
  return header;
}

// In the place of the one that is there.
RouteRequest default_route_request(int family, const std::string& gateway, unsigned interface_index) {
  rtmsg header = default_route_header(family);
  header.rtm_protocol = RTPROT_BOOT;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  RouteRequest request(fmt::format("set the default route by {}", gateway), RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE,
                       header);
  const std::string bytes = packet_bytes(gateway);
  request.put(RTA_GATEWAY, bytes.data(), bytes.size()).put_u32(RTA_OIF, interface_index);
  return request;
}

// `gateway`: "" for none. The index is asked for in the caller's network namespace.
RouteRequest changed_default_route(int family, const std::string& gateway, const std::string& interface) {
  if (!gateway.empty()) return default_route_request(family, gateway, link_index(interface));
  RouteRequest request("remove the default route", RTM_DELROUTE, 0, default_route_header(family));
  request.tolerate(ESRCH);
  return request;
}

void disable_ipv6(const std::string& interface) {
  const explain::Step step("sysctl", [&] { return "no IPv6 on " + interface; });
  write_sysctl(ipv6_key(interface, "disable_ipv6"), "1");
}

// Nobody else may send with its addresses, and nobody tells it of routers: nothing is to be waited for.
void enable_ipv6(const std::string& interface) {
  const explain::Step step("sysctl", [&] { return "IPv6 on " + interface; });
  write_sysctl(ipv6_key(interface, "accept_ra"), "0");
  write_sysctl(ipv6_key(interface, "addr_gen_mode"), "1");  // no address but ours
  write_sysctl(ipv6_key(interface, "disable_ipv6"), "0");
}

void create_pair(RouteSocket& socket, const storage::Instance& instance, const Network& network,
                 const Endpoint& endpoint, int netns) {
  std::vector<RouteRequest> requests;
  requests.push_back(pair_request(instance, network, endpoint, netns));
  try {
    socket.send(requests);
  } catch (const SysError& error) {
    if (error.error_number() != EXFULL) throw;
    throw Error(ErrorKind::unavailable,
                fmt::format("bridge {} is full: a Linux bridge holds {} ports; stop a container of network {}",
                            network.interface, kMaxBridgePorts, network.name));
  }
}

void create_host_end(const storage::Instance& instance, const Network& network, const Endpoint& endpoint, int netns) {
  RouteSocket socket;
  {
    const explain::Step step("link", [&] {
      return fmt::format("veth pair: {} on bridge {}, {} inside", endpoint.host_interface, network.interface,
                         endpoint.interface);
    });
    create_pair(socket, instance, network, endpoint, netns);
  }
  disable_ipv6(endpoint.host_interface);
  const explain::Step step("link", [&] { return endpoint.host_interface + " switched on"; });
  switch_on_port(socket, network, endpoint);
}

std::string addresses_text(const Endpoint& endpoint) {
  std::string text = fmt::format("{}/{}", endpoint.address, endpoint.prefix_length);
  if (!endpoint.ipv6_address.empty()) {
    text += fmt::format(" and {}/{}", endpoint.ipv6_address, endpoint.ipv6_prefix_length);
  }
  return text;
}

RouteRequest loopback_up_request() { return up_request(kLoopbackIndex, "lo"); }

}  // namespace

void attach_endpoint(const storage::Instance& instance, const Network& network, const Endpoint& endpoint, int netns,
                     const DefaultRoutes& routes) {
  create_host_end(instance, network, endpoint, netns);

  const NetnsVisit visit(netns);
  const bool ipv6 = !endpoint.ipv6_address.empty();
  if (ipv6) {
    enable_ipv6(endpoint.interface);
  } else {
    disable_ipv6(endpoint.interface);
  }
  // Asked for, not chosen: veth ignores a wanted index of the peer when its own is left to the kernel, and modules like
  // ipip put an interface into each new namespace, so that eth0 is not always the second.
  const explain::Step step("address", [&] {
    return fmt::format("{} on {}, {}; lo and {} switched on", addresses_text(endpoint), endpoint.interface,
                       routes.ipv4 ? "default route by " + endpoint.gateway : "no default route", endpoint.interface);
  });
  const unsigned index = link_index(endpoint.interface);
  std::vector<RouteRequest> requests;
  requests.push_back(loopback_up_request());
  const Ipv4Address ipv4 = stored_address(endpoint.address, "address of endpoint " + endpoint.id);
  requests.push_back(address_request(RTM_NEWADDR, index, Ipv4Interface{ipv4, endpoint.prefix_length}));
  if (ipv6) {
    const auto address = stored_ip<Ipv6Address>(endpoint.ipv6_address, "IPv6 address of endpoint " + endpoint.id);
    requests.push_back(address_request(RTM_NEWADDR, index, Ipv6Interface{address, endpoint.ipv6_prefix_length}));
    requests.push_back(address_request(RTM_NEWADDR, index, Ipv6Interface{link_local_of(ipv4), kLinkLocalPrefix}));
  }
  requests.push_back(up_request(index, endpoint.interface));
  if (routes.ipv4) requests.push_back(default_route_request(AF_INET, endpoint.gateway, index));
  if (routes.ipv6) requests.push_back(default_route_request(AF_INET6, endpoint.ipv6_gateway, index));
  RouteSocket().send(requests);
}

void set_default_routes(const std::vector<Endpoint>& endpoints, int netns) {
  const NetnsVisit visit(netns);
  const Endpoint* ipv4 = gateway_endpoint(endpoints);
  const Endpoint* ipv6 = ipv6_gateway_endpoint(endpoints);
  std::vector<RouteRequest> requests;
  if (ipv4 != nullptr) requests.push_back(changed_default_route(AF_INET, ipv4->gateway, ipv4->interface));
  if (ipv6 != nullptr) requests.push_back(changed_default_route(AF_INET6, ipv6->ipv6_gateway, ipv6->interface));
  if (!requests.empty()) RouteSocket().send(requests);
}

void reattach_endpoint(const Network& network, const Endpoint& endpoint) {
  if (if_nametoindex(endpoint.host_interface.c_str()) == 0) return;
  RouteSocket socket;
  std::vector<RouteRequest> requests;
  requests.emplace_back(fmt::format("join interface {} to bridge {}", endpoint.host_interface, network.interface),
                        RTM_NEWLINK, 0, ifinfomsg{});
  requests.back().put_string(IFLA_IFNAME, endpoint.host_interface).put_u32(IFLA_MASTER, link_index(network.interface));
  socket.send(requests);
  switch_on_port(socket, network, endpoint);
}

void bring_up_loopback(int netns) {
  const explain::Step step("link", [] { return "lo switched on"; });
  const NetnsVisit visit(netns);
  std::vector<RouteRequest> requests;
  requests.push_back(loopback_up_request());
  RouteSocket().send(requests);
}

void remove_host_interface(const std::string& host_interface) { remove_link(host_interface); }

}  // namespace minidock::network
