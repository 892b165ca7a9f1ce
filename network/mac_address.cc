#include "network/mac_address.h"

#include <charconv>

#include "base/error.h"

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

Ipv6Address link_local_of(Ipv4Address address) { return link_local_address(mac_of(address)); }

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

}  // namespace minidock::network
