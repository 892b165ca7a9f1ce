// IPv4 addresses and subnets as numbers.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "network/ip_subnet.h"

namespace minidock::network {

struct Ipv4Address {
  using Value = std::uint32_t;
  static constexpr int kBits = 32;
  static constexpr char kFamily[] = "IPv4";

  Value value = 0;  // host byte order
  auto operator<=>(const Ipv4Address&) const = default;

  // Dotted quad as inet_pton(3) takes it (no leading zeros, no short forms); nothing for any other text.
  static std::optional<Ipv4Address> parse(std::string_view text);
  std::string text() const;
  // As it stands in a packet.
  std::uint32_t network_order() const;
};

using Ipv4Subnet = IpSubnet<Ipv4Address>;
using Ipv4Interface = IpInterface<Ipv4Address>;

inline Ipv4Address stored_address(const std::string& text, std::string_view what) {
  return stored_ip<Ipv4Address>(text, what);
}
inline Ipv4Subnet stored_subnet(const std::string& text, std::string_view what) {
  return stored_ip_subnet<Ipv4Address>(text, what);
}

}  // namespace minidock::network
