// A container's end of a network: the interface that the network's driver makes, and what is the same for all,
// addresses and routes inside the container's network namespace.
#include <fmt/format.h>
#include <linux/rtnetlink.h>

#include <cerrno>

#include "base/error.h"
#include "base/explain.h"
#include "base/netns_visit.h"
#include "network/bridge.h"
#include "network/driver.h"
#include "network/ip_prefix.h"
#include "network/link_requests.h"
#include "network/network.h"
#include "network/route_socket.h"
#include "network/sysctls.h"

namespace minidock::network {

namespace {

constexpr unsigned kLoopbackIndex = 1;
constexpr int kLinkLocalPrefix = 64;

rtmsg default_route_header(int family) {
  rtmsg header{};
  header.rtm_family = static_cast<unsigned char>(family);
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_type = RTN_UNICAST;
  return header;
}

// In the place of the one that is there. A gateway that is no host's (0.0.0.0, ::) stands for the interface alone.
RouteRequest default_route_request(int family, const std::string& gateway, unsigned interface_index) {
  const bool by_interface = is_every_address(gateway);
  rtmsg header = default_route_header(family);
  header.rtm_protocol = RTPROT_BOOT;
  header.rtm_scope = by_interface ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  RouteRequest request(fmt::format("set the default route by {}", gateway), RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE,
                       header);
  const std::string bytes = packet_bytes(gateway);
  if (!by_interface) request.put(RTA_GATEWAY, bytes.data(), bytes.size());
  request.put_u32(RTA_OIF, interface_index);
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

// Nobody tells it of routers. On a bridge nobody else may send with its addresses either, and nothing is to be waited
// for; among strangers the kernel asks them, and the address may be used meanwhile (RFC 4429).
void enable_ipv6(const std::string& interface, bool among_strangers) {
  const explain::Step step("sysctl", [&] { return "IPv6 on " + interface; });
  write_sysctl(ipv6_key(interface, "accept_ra"), "0");
  write_sysctl(ipv6_key(interface, "addr_gen_mode"), "1");  // no address but ours
  if (among_strangers) {
    write_sysctl(ipv6_key(interface, "optimistic_dad"), "1");
    write_sysctl(ipv6_key(interface, "use_optimistic"), "1");
  }
  write_sysctl(ipv6_key(interface, "disable_ipv6"), "0");
}

std::string addresses_text(const Endpoint& endpoint) {
  std::string text = fmt::format("{}/{}", endpoint.address, endpoint.prefix_length);
  if (!endpoint.ipv6_address.empty()) {
    text += fmt::format(" and {}/{}", endpoint.ipv6_address, endpoint.ipv6_prefix_length);
  }
  return text;
}

RouteRequest loopback_up_request() { return up_request(kLoopbackIndex, "lo"); }

std::vector<RouteRequest> address_requests(const Endpoint& endpoint, unsigned index, Detection detection) {
  std::vector<RouteRequest> requests;
  const Ipv4Address ipv4 = stored_address(endpoint.address, "address of endpoint " + endpoint.id);
  requests.push_back(address_request(RTM_NEWADDR, index, Ipv4Interface{ipv4, endpoint.prefix_length}));
  if (!endpoint.ipv6_address.empty()) {
    const auto address = stored_ip<Ipv6Address>(endpoint.ipv6_address, "IPv6 address of endpoint " + endpoint.id);
    const Ipv6Interface global{address, endpoint.ipv6_prefix_length};
    const Ipv6Interface link_local{link_local_of(ipv4), kLinkLocalPrefix};
    requests.push_back(address_request(RTM_NEWADDR, index, global, detection));
    // From it the neighbours are asked for theirs meanwhile. It is made from the IPv4 address: who has the same has
    // more in the way than this.
    requests.push_back(address_request(RTM_NEWADDR, index, link_local));
  }
  for (RouteRequest& request : requests) request.tolerate(EEXIST);  // when it is tried again
  return requests;
}

// On a parent the kernel refuses a MAC address (macvlan) or an IP address (ipvlan) that another interface there has.
// That may be the one of the container's last run, which the kernel takes away a moment after its end.
void send_when_free(const Network& network, const Endpoint& endpoint, const std::vector<RouteRequest>& requests) {
  RouteSocket socket;
  if (is_bridged(network)) {
    socket.send(requests);
    return;
  }
  try {
    socket.send_patiently(requests, {EBUSY, EADDRINUSE});
  } catch (const SysError& error) {
    if (error.error_number() != EBUSY && error.error_number() != EADDRINUSE) throw;
    throw Error(
        ErrorKind::conflict,
        fmt::format("another interface on {}, the parent of network {}, has address {}{} already: choose another "
                    "one (--ip, --mac-address)",
                    network.parent.interface, network.name, endpoint.address,
                    endpoint.mac_address.empty() ? "" : " or " + endpoint.mac_address));
  }
}

// In the container's network namespace.
void configure_interface(const Network& network, const Endpoint& endpoint, const DefaultRoutes& routes) {
  const bool among_strangers = driver_of(network).is_shared_with_strangers();
  if (endpoint.ipv6_address.empty()) {
    disable_ipv6(endpoint.interface);
  } else {
    enable_ipv6(endpoint.interface, among_strangers);
  }
  // Asked for, not chosen: veth ignores a wanted index of the peer when its own is left to the kernel, and modules like
  // ipip put an interface into each new namespace, so that eth0 is not always the second.
  const explain::Step step("address", [&] {
    return fmt::format("{} on {}, {}; lo and {} switched on", addresses_text(endpoint), endpoint.interface,
                       routes.ipv4 ? "default route by " + endpoint.gateway : "no default route", endpoint.interface);
  });
  const unsigned index = link_index(endpoint.interface);
  std::vector<RouteRequest> requests =
      address_requests(endpoint, index, among_strangers ? Detection::on : Detection::off);
  requests.push_back(loopback_up_request());
  requests.push_back(up_request(index, endpoint.interface));
  if (routes.ipv4) requests.push_back(default_route_request(AF_INET, endpoint.gateway, index));
  if (routes.ipv6) requests.push_back(default_route_request(AF_INET6, endpoint.ipv6_gateway, index));
  send_when_free(network, endpoint, requests);
}

}  // namespace

void attach_endpoint(const storage::Instance& instance, const Network& network, const Endpoint& endpoint, int netns,
                     const DefaultRoutes& routes) {
  driver_of(network).create_interface(instance, network, endpoint, netns);
  const NetnsVisit visit(netns);
  try {
    configure_interface(network, endpoint, routes);
  } catch (const Error&) {
    remove_link(endpoint.interface);
    throw;
  }
}

void detach_endpoint(const Endpoint& endpoint, int netns) {
  if (has_bridge(endpoint)) {
    remove_link(endpoint.host_interface);
  } else if (netns >= 0) {
    const NetnsVisit visit(netns);
    remove_link(endpoint.interface);
  }
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

void bring_up_loopback(int netns) {
  const explain::Step step("link", [] { return "lo switched on"; });
  const NetnsVisit visit(netns);
  std::vector<RouteRequest> requests;
  requests.push_back(loopback_up_request());
  RouteSocket().send(requests);
}

void remove_host_interface(const std::string& host_interface) {
  if (!host_interface.empty()) remove_link(host_interface);
}

}  // namespace minidock::network
