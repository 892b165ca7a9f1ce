#include "network/option_values.h"

#include <fmt/format.h>
#include <net/if.h>

#include <charconv>

#include "base/error.h"

namespace minidock::network {

void refuse_option(const std::string& key, const std::string& value) {
  throw Error(ErrorKind::invalid_argument, fmt::format("invalid value for {}: \"{}\"", key, value));
}

bool parse_truth(const std::string& key, const std::string& value) {
  if (value == "true" || value == "1") return true;
  if (value == "false" || value == "0") return false;
  refuse_option(key, value);
}

std::uint32_t parse_mtu(const std::string& key, const std::string& value) {
  constexpr std::uint32_t kLeast = 68;  // RFC 791
  constexpr std::uint32_t kMost = 65535;
  std::uint32_t mtu = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), mtu);
  if (error != std::errc() || end != value.data() + value.size() || mtu < kLeast || mtu > kMost) {
    refuse_option(key, value);
  }
  return mtu;
}

std::string parse_interface(const std::string& key, const std::string& value) {
  const bool valid = !value.empty() && value.size() < IFNAMSIZ && value != "." && value != ".." &&
                     value.find_first_of("/: \t\n") == std::string::npos;
  if (!valid) refuse_option(key, value);
  return value;
}

}  // namespace minidock::network
