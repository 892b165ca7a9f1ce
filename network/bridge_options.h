// docker's options of the bridge driver (-o com.docker.network.bridge.…).
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace minidock::network {

struct BridgeOptions {
  std::string interface;     // com.docker.network.bridge.name
  std::uint32_t mtu = 1500;  // com.docker.network.driver.mtu
  bool icc = true;           // com.docker.network.bridge.enable_icc: containers reach each other
  bool masquerade = true;    // com.docker.network.bridge.enable_ip_masquerade
  bool allow_spoofing =
      false;                 // com.minidock.allow_spoofing: containers may send with any address, and anything but IPv4
  std::string host_binding;  // com.docker.network.bridge.host_binding_ipv4: where -p publishes without an address
};

// Other drivers' options are nobody's here, as in docker. ErrorKind::invalid_argument for a value that cannot be.
BridgeOptions parse_bridge_options(const std::map<std::string, std::string>& options);

}  // namespace minidock::network
