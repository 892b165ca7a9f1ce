// Names of the reverse tree (RFC 1035, 3.5; RFC 3596, 2.5).
#include <arpa/inet.h>

#include <array>

#include "names/message.h"

namespace minidock::names {
namespace {

// A byte as inet_ntop(3) writes it: other ways to write the same number are other names.
bool is_decimal_byte(std::string_view text) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text[0] == '0')) return false;
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  return value <= 255;
}

std::optional<std::string> ipv4_of(std::string_view reversed) {
  std::string address;
  for (int i = 0; i < 4; ++i) {
    const std::size_t dot = reversed.rfind('.');
    const std::string_view part = dot == std::string_view::npos ? reversed : reversed.substr(dot + 1);
    if (!is_decimal_byte(part) || (dot == std::string_view::npos) != (i == 3)) return std::nullopt;
    if (i > 0) address += '.';
    address += part;
    reversed = reversed.substr(0, i == 3 ? 0 : dot);
  }
  return address;
}

std::optional<unsigned> nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return std::nullopt;
}

std::optional<std::string> ipv6_of(std::string_view reversed) {
  constexpr std::size_t kNibbles = 32;
  if (reversed.size() != 2 * kNibbles - 1) return std::nullopt;
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < kNibbles; ++i) {
    const std::optional<unsigned> value = nibble(reversed[2 * i]);
    if (!value || (i > 0 && reversed[2 * i - 1] != '.')) return std::nullopt;
    bytes[15 - i / 2] |= static_cast<std::uint8_t>(*value << (i % 2 * 4));
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  return inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
}

}  // namespace

std::optional<std::string> address_of_pointer(std::string_view name) {
  constexpr std::string_view ipv4_tree = ".in-addr.arpa";
  constexpr std::string_view ipv6_tree = ".ip6.arpa";
  if (name.ends_with(ipv4_tree)) return ipv4_of(name.substr(0, name.size() - ipv4_tree.size()));
  if (name.ends_with(ipv6_tree)) return ipv6_of(name.substr(0, name.size() - ipv6_tree.size()));
  return std::nullopt;
}

}  // namespace minidock::names
