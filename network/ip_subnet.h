// Addresses with prefix lengths, of either family: Ipv4Address (network/ipv4.h) or Ipv6Address (network/ipv6.h).
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace minidock::network {

template <typename Address>
struct IpSubnet {
  using Value = typename Address::Value;

  Address base;  // host bits are zero
  int prefix_length = 0;
  auto operator<=>(const IpSubnet&) const = default;

  // "10.9.0.0/16"; nothing when malformed or when host bits are set.
  static std::optional<IpSubnet> parse(std::string_view text);
  // The subnet that `address` lies in.
  static IpSubnet around(Address address, int prefix_length) {
    IpSubnet subnet{address, prefix_length};
    subnet.base.value &= subnet.mask();
    return subnet;
  }

  Value mask() const { return prefix_length == 0 ? Value{0} : ~Value{0} << (Address::kBits - prefix_length); }
  Address last() const { return {base.value | ~mask()}; }  // of IPv4 the broadcast address
  bool contains(Address address) const { return (address.value & mask()) == base.value; }
  bool overlaps(const IpSubnet& other) const {
    return prefix_length <= other.prefix_length ? contains(other.base) : other.contains(base);
  }
  std::string text() const { return fmt::format("{}/{}", base.text(), prefix_length); }
};

// An address and how much of it is its subnet's.
template <typename Address>
struct IpInterface {
  Address address;
  int prefix_length = 0;
  auto operator<=>(const IpInterface&) const = default;

  // "10.9.0.1/24"; nothing when malformed.
  static std::optional<IpInterface> parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const std::optional<Address> address = Address::parse(text.substr(0, slash));
    const std::string_view digits = text.substr(slash + 1);
    int prefix_length = -1;
    const auto [end, err] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix_length);
    if (!address || err != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    if (prefix_length < 0 || prefix_length > Address::kBits) return std::nullopt;
    return IpInterface{*address, prefix_length};
  }
  IpSubnet<Address> subnet() const { return IpSubnet<Address>::around(address, prefix_length); }
};

template <typename Address>
std::optional<IpSubnet<Address>> IpSubnet<Address>::parse(std::string_view text) {
  const std::optional<IpInterface<Address>> interface = IpInterface<Address>::parse(text);
  if (!interface || interface->subnet().base != interface->address) return std::nullopt;
  return interface->subnet();
}

// Stored text that was written by this program; anything else is ErrorKind::corrupt_data naming `what`.
template <typename Address>
Address stored_ip(const std::string& text, std::string_view what) {
  const std::optional<Address> address = Address::parse(text);
  if (!address) {
    throw Error(ErrorKind::corrupt_data, fmt::format("{}: \"{}\" is not an {} address", what, text, Address::kFamily));
  }
  return *address;
}

template <typename Address>
IpSubnet<Address> stored_ip_subnet(const std::string& text, std::string_view what) {
  const std::optional<IpSubnet<Address>> subnet = IpSubnet<Address>::parse(text);
  if (!subnet) {
    throw Error(ErrorKind::corrupt_data, fmt::format("{}: \"{}\" is not an {} subnet", what, text, Address::kFamily));
  }
  return *subnet;
}

}  // namespace minidock::network
