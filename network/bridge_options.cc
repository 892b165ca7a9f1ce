#include "network/bridge_options.h"

#include <fmt/format.h>
#include <net/if.h>

#include <charconv>

#include "base/error.h"
#include "network/ipv4.h"

namespace minidock::network {
namespace {

[[noreturn]] void refuse(const std::string& key, const std::string& value) {
  throw Error(ErrorKind::invalid_argument, fmt::format("invalid value for {}: \"{}\"", key, value));
}

bool parse_truth(const std::string& key, const std::string& value) {
  if (value == "true" || value == "1") return true;
  if (value == "false" || value == "0") return false;
  refuse(key, value);
}

std::uint32_t parse_mtu(const std::string& key, const std::string& value) {
  constexpr std::uint32_t kLeast = 68;  // RFC 791
  constexpr std::uint32_t kMost = 65535;
  std::uint32_t mtu = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), mtu);
  if (error != std::errc() || end != value.data() + value.size() || mtu < kLeast || mtu > kMost) refuse(key, value);
  return mtu;
}

std::string parse_interface(const std::string& key, const std::string& value) {
  const bool valid = !value.empty() && value.size() < IFNAMSIZ && value != "." && value != ".." &&
                     value.find_first_of("/: \t\n") == std::string::npos;
  if (!valid) refuse(key, value);
  return value;
}

}  // namespace

BridgeOptions parse_bridge_options(const std::map<std::string, std::string>& options) {
  BridgeOptions result;
  for (const auto& [key, value] : options) {
    if (key == "com.docker.network.bridge.name") result.interface = parse_interface(key, value);
    if (key == "com.docker.network.driver.mtu") result.mtu = parse_mtu(key, value);
    if (key == "com.docker.network.bridge.enable_icc") result.icc = parse_truth(key, value);
    if (key == "com.docker.network.bridge.enable_ip_masquerade") result.masquerade = parse_truth(key, value);
    if (key == "com.minidock.allow_spoofing") result.allow_spoofing = parse_truth(key, value);
    if (key == "com.docker.network.bridge.host_binding_ipv4") {
      if (!Ipv4Address::parse(value)) refuse(key, value);
      result.host_binding = value;
    }
  }
  return result;
}

}  // namespace minidock::network
