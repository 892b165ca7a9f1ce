#include "network/link_requests.h"

#include <charconv>

#include "base/error.h"

#include <fmt/format.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

namespace minidock::network {

MacAddress mac_of(Ipv4Address address) {
  const std::uint32_t value = address.value;
  return {0x02,
          0x42,
          static_cast<std::uint8_t>(value >> 24),
          static_cast<std::uint8_t>(value >> 16),
          static_cast<std::uint8_t>(value >> 8),
          static_cast<std::uint8_t>(value)};
}

MacAddress parse_mac(const std::string& text) {
  MacAddress address{};
  std::size_t at = 0;
  for (std::uint8_t& byte : address) {
    const char* begin = text.data() + at;
    const bool whole = at + 2 <= text.size() && std::from_chars(begin, begin + 2, byte, 16).ptr == begin + 2;
    if (!whole) throw Error(ErrorKind::corrupt_data, "\"" + text + "\" is no MAC address");
    at += 3;
  }
  return address;
}

RouteRequest address_request(int type, unsigned interface_index, const Ipv4Interface& address) {
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  header.ifa_prefixlen = static_cast<std::uint8_t>(address.prefix_length);
  header.ifa_index = interface_index;
  const bool add = type == RTM_NEWADDR;
  RouteRequest request(
      fmt::format("{} address {}/{}", add ? "add" : "remove", address.address.text(), address.prefix_length), type,
      add ? NLM_F_CREATE | NLM_F_EXCL : 0, header);
  request.put_u32(IFA_LOCAL, address.address.network_order()).put_u32(IFA_ADDRESS, address.address.network_order());
  if (add) request.put_u32(IFA_BROADCAST, address.subnet().broadcast().network_order());
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
