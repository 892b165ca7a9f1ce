#include "network/bridge_options.h"

#include "network/ipv4.h"
#include "network/option_values.h"

namespace minidock::network {

BridgeOptions parse_bridge_options(const std::map<std::string, std::string>& options) {
  BridgeOptions result;
  for (const auto& [key, value] : options) {
    if (key == "com.docker.network.bridge.name") result.interface = parse_interface(key, value);
    if (key == "com.docker.network.driver.mtu") result.mtu = parse_mtu(key, value);
    if (key == "com.docker.network.bridge.enable_icc") result.icc = parse_truth(key, value);
    if (key == "com.docker.network.bridge.enable_ip_masquerade") result.masquerade = parse_truth(key, value);
    if (key == "com.minidock.allow_spoofing") result.allow_spoofing = parse_truth(key, value);
    if (key == "com.docker.network.bridge.host_binding_ipv4") {
      if (!Ipv4Address::parse(value)) refuse_option(key, value);
      result.host_binding = value;
    }
  }
  return result;
}

}  // namespace minidock::network
