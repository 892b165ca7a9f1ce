// IPv4 addresses and subnets as numbers.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace minidock::network {

struct Ipv4Address {
  std::uint32_t value = 0;  // host byte order
  auto operator<=>(const Ipv4Address&) const = default;

  // Dotted quad as inet_pton(3) takes it (no leading zeros, no short forms); nothing for any other text.
  static std::optional<Ipv4Address> parse(std::string_view text);
  std::string text() const;
  // As it stands in a packet.
  std::uint32_t network_order() const;
};

struct Ipv4Subnet {
  Ipv4Address base;  // host bits are zero
  int prefix_length = 0;
  auto operator<=>(const Ipv4Subnet&) const = default;

  // "10.9.0.0/16"; nothing when malformed or when host bits are set.
  static std::optional<Ipv4Subnet> parse(std::string_view text);
  // The subnet that `address` lies in.
  static Ipv4Subnet around(Ipv4Address address, int prefix_length);

  std::uint32_t mask() const;
  Ipv4Address broadcast() const;
  bool contains(Ipv4Address address) const;
  bool overlaps(const Ipv4Subnet& other) const;
  std::string text() const;
};

struct Ipv4Interface {
  Ipv4Address address;
  int prefix_length = 0;

  // "10.9.0.1/24"; nothing when malformed.
  static std::optional<Ipv4Interface> parse(std::string_view text);
  Ipv4Subnet subnet() const { return Ipv4Subnet::around(address, prefix_length); }
};

// Stored text that was written by this program; anything else is ErrorKind::corrupt_data naming `what`.
Ipv4Address stored_address(const std::string& text, std::string_view what);
Ipv4Subnet stored_subnet(const std::string& text, std::string_view what);

}  // namespace minidock::network
