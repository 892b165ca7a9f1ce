#include "network/ipv6.h"

#include <arpa/inet.h>

namespace minidock::network {

Ipv6Address Ipv6Address::of(const Ipv6Bytes& bytes) {
  Ipv6Address address;
  for (const std::uint8_t byte : bytes) address.value = (address.value << 8) | byte;
  return address;
}

std::optional<Ipv6Address> Ipv6Address::parse(std::string_view text) {
  Ipv6Bytes bytes{};
  if (inet_pton(AF_INET6, std::string(text).c_str(), bytes.data()) != 1) return std::nullopt;
  return of(bytes);
}

std::string Ipv6Address::text() const {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(AF_INET6, bytes().data(), text, sizeof text);
  return text;
}

Ipv6Bytes Ipv6Address::bytes() const {
  Ipv6Bytes bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(value >> (8 * (15 - i)));
  return bytes;
}

Ipv6Subnet link_local_subnet() { return {Ipv6Address{Ipv6Address::Value{0xfe80} << 112}, 10}; }

Ipv6Address link_local_address(const std::array<std::uint8_t, 6>& mac) {
  constexpr std::uint8_t kUniversal = 2;
  return Ipv6Address::of({0xfe, 0x80, 0, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(mac[0] ^ kUniversal), mac[1], mac[2],
                          0xff, 0xfe, mac[3], mac[4], mac[5]});
}

}  // namespace minidock::network
