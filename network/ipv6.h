// IPv6 addresses and subnets as numbers.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "network/ip_subnet.h"

namespace minidock::network {

using Ipv6Bytes = std::array<std::uint8_t, 16>;

struct Ipv6Address {
  using Value = unsigned __int128;
  static constexpr int kBits = 128;
  static constexpr char kFamily[] = "IPv6";

  Value value = 0;
  auto operator<=>(const Ipv6Address&) const = default;

  static Ipv6Address of(const Ipv6Bytes& bytes);
  // As inet_pton(3) takes it, without a zone; nothing for any other text.
  static std::optional<Ipv6Address> parse(std::string_view text);
  // The shortest form (RFC 5952).
  std::string text() const;
  // As it stands in a packet.
  Ipv6Bytes bytes() const;
};

using Ipv6Subnet = IpSubnet<Ipv6Address>;
using Ipv6Interface = IpInterface<Ipv6Address>;

// fe80::/10: each interface has one, and neighbours speak with it.
Ipv6Subnet link_local_subnet();
// The one that an interface with this MAC address gives itself (RFC 4291, appendix A).
Ipv6Address link_local_address(const std::array<std::uint8_t, 6>& mac);

inline constexpr char kEveryIpv6Address[] = "::";

}  // namespace minidock::network
