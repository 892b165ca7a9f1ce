#include "network/driver.h"

#include <fmt/format.h>

#include "base/error.h"

namespace minidock::network {

bool is_bridged(const Network& network) { return network.settings.driver == kBridgeDriver; }

bool has_bridge(const Endpoint& endpoint) { return endpoint.driver == kBridgeDriver; }

const Driver& driver_of(const Network& network) {
  const std::string& name = network.settings.driver;
  if (name == kBridgeDriver) return bridge_driver();
  if (name == kMacvlanDriver) return macvlan_driver();
  if (name == kIpvlanDriver) return ipvlan_driver();
  throw Error(ErrorKind::corrupt_data, fmt::format("network {} has driver \"{}\", which there is not: was it made by a "
                                                   "newer minidock?",
                                                   network.name, name));
}

}  // namespace minidock::network
