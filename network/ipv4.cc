#include "network/ipv4.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>

#include "base/error.h"

namespace minidock::network {

std::optional<Ipv4Address> Ipv4Address::parse(std::string_view text) {
  in_addr address{};
  if (inet_pton(AF_INET, std::string(text).c_str(), &address) != 1) return std::nullopt;
  return Ipv4Address{ntohl(address.s_addr)};
}

std::string Ipv4Address::text() const {
  return fmt::format("{}.{}.{}.{}", value >> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff);
}

std::uint32_t Ipv4Address::network_order() const { return htonl(value); }

std::optional<Ipv4Interface> Ipv4Interface::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::optional<Ipv4Address> address = Ipv4Address::parse(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  int prefix_length = -1;
  const auto [end, err] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix_length);
  if (!address || err != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  if (prefix_length < 0 || prefix_length > 32) return std::nullopt;
  return Ipv4Interface{*address, prefix_length};
}

std::optional<Ipv4Subnet> Ipv4Subnet::parse(std::string_view text) {
  const std::optional<Ipv4Interface> interface = Ipv4Interface::parse(text);
  if (!interface) return std::nullopt;
  const Ipv4Subnet subnet = interface->subnet();
  if (subnet.base != interface->address) return std::nullopt;
  return subnet;
}

Ipv4Subnet Ipv4Subnet::around(Ipv4Address address, int prefix_length) {
  Ipv4Subnet subnet{address, prefix_length};
  subnet.base.value &= subnet.mask();
  return subnet;
}

std::uint32_t Ipv4Subnet::mask() const { return prefix_length == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix_length); }

Ipv4Address Ipv4Subnet::broadcast() const { return {base.value | ~mask()}; }

bool Ipv4Subnet::contains(Ipv4Address address) const { return (address.value & mask()) == base.value; }

bool Ipv4Subnet::overlaps(const Ipv4Subnet& other) const {
  return prefix_length <= other.prefix_length ? contains(other.base) : other.contains(base);
}

std::string Ipv4Subnet::text() const { return fmt::format("{}/{}", base.text(), prefix_length); }

Ipv4Address stored_address(const std::string& text, std::string_view what) {
  const std::optional<Ipv4Address> address = Ipv4Address::parse(text);
  if (!address) throw Error(ErrorKind::corrupt_data, fmt::format("{}: \"{}\" is not an IPv4 address", what, text));
  return *address;
}

Ipv4Subnet stored_subnet(const std::string& text, std::string_view what) {
  const std::optional<Ipv4Subnet> subnet = Ipv4Subnet::parse(text);
  if (!subnet) throw Error(ErrorKind::corrupt_data, fmt::format("{}: \"{}\" is not an IPv4 subnet", what, text));
  return *subnet;
}

}  // namespace minidock::network
