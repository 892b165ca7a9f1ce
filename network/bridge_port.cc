#include "network/bridge_port.h"

#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include <cerrno>

#include "base/error.h"
#include "base/explain.h"
#include "network/bridge.h"
#include "network/link_group.h"
#include "network/mac_address.h"
#include "network/route_socket.h"
#include "network/sysctls.h"

namespace minidock::network {

namespace {

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

}  // namespace

void create_bridge_port(const storage::Instance& instance, const Network& network, const Endpoint& endpoint,
                        int netns) {
  RouteSocket socket;
  {
    const explain::Step step("link", [&] {
      return fmt::format("veth pair: {} on bridge {}, {} inside", endpoint.host_interface, network.interface,
                         endpoint.interface);
    });
    create_pair(socket, instance, network, endpoint, netns);
  }
  {
    const explain::Step step("sysctl", [&] { return "no IPv6 on " + endpoint.host_interface; });
    write_sysctl(ipv6_key(endpoint.host_interface, "disable_ipv6"), "1");
  }
  const explain::Step step("link", [&] { return endpoint.host_interface + " switched on"; });
  switch_on_port(socket, network, endpoint);
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

}  // namespace minidock::network
