#include "network/link_requests.h"

#include <fmt/format.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

namespace minidock::network {

namespace {

template <typename Address>
RouteRequest new_address_request(int type, int family, unsigned interface_index, const IpInterface<Address>& address,
                                 Detection detection) {
  ifaddrmsg header{};
  header.ifa_family = static_cast<std::uint8_t>(family);
  header.ifa_prefixlen = static_cast<std::uint8_t>(address.prefix_length);
  header.ifa_index = interface_index;
  if (family == AF_INET6 && detection == Detection::off) header.ifa_flags = IFA_F_NODAD;
  const bool add = type == RTM_NEWADDR;
  return {fmt::format("{} address {}/{}", add ? "add" : "remove", address.address.text(), address.prefix_length), type,
          add ? NLM_F_CREATE | NLM_F_EXCL : 0, header};
}

}  // namespace

RouteRequest address_request(int type, unsigned interface_index, const Ipv4Interface& address) {
  RouteRequest request = new_address_request(type, AF_INET, interface_index, address, Detection::off);
  request.put_u32(IFA_LOCAL, address.address.network_order()).put_u32(IFA_ADDRESS, address.address.network_order());
  if (type == RTM_NEWADDR) request.put_u32(IFA_BROADCAST, address.subnet().last().network_order());
  return request;
}

RouteRequest address_request(int type, unsigned interface_index, const Ipv6Interface& address, Detection detection) {
  RouteRequest request = new_address_request(type, AF_INET6, interface_index, address, detection);
  const Ipv6Bytes bytes = address.address.bytes();
  request.put(IFA_LOCAL, bytes.data(), bytes.size()).put(IFA_ADDRESS, bytes.data(), bytes.size());
  return request;
}

RouteRequest up_request(unsigned interface_index, const std::string& name) {
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(interface_index);
  header.ifi_flags = IFF_UP;
  header.ifi_change = IFF_UP;
  return RouteRequest(fmt::format("switch on interface {}", name), RTM_NEWLINK, 0, header);
}

}  // namespace minidock::network
