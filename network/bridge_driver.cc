// Driver "bridge": a bridge of the network's own on the host, which forwards for it.
#include <fmt/format.h>
#include <net/if.h>

#include <algorithm>

#include "base/error.h"
#include "base/explain.h"
#include "network/bridge.h"
#include "network/bridge_port.h"
#include "network/driver.h"
#include "network/sysctls.h"

namespace minidock::network {

namespace {

bool is_forwarding(const Network& network) {
  return read_sysctl(kForwarding) == "1" && (network.ipv6_subnet.empty() || read_sysctl(kIpv6Forwarding) == "1");
}

// A host that forwards takes no advice of routers, unless told to with a 2: what has its default route from them would
// lose it.
void forward_ipv6(storage::Database& database) {
  if (read_sysctl(kIpv6Forwarding) == "1") return;
  const explain::Step step("sysctl", [] { return "net.ipv6.conf.all.forwarding = 1"; });
  for (const std::string& interface : interfaces_that_listen_to_routers()) {
    change_host_sysctl(database, ipv6_key(interface, "accept_ra"), "2");
  }
  change_host_sysctl(database, kIpv6Forwarding, "1");
}

class BridgeDriver : public Driver {
 public:
  void check(const Network& network, const std::vector<Network>& others) const override {
    const auto other = std::find_if(others.begin(), others.end(),
                                    [&](const Network& candidate) { return candidate.interface == network.interface; });
    if (other != others.end()) {
      throw Error(ErrorKind::conflict, fmt::format("cannot create network {} (bridge {}): it is network {}'s already",
                                                   network.name, network.interface, other->name));
    }
    if (::if_nametoindex(network.interface.c_str()) == 0) return;
    throw Error(ErrorKind::conflict,
                fmt::format("cannot create network {} (bridge {}): the host has such an interface already; choose "
                            "another com.docker.network.bridge.name",
                            network.name, network.interface));
  }

  void check_room(const Network& network, std::int64_t endpoints) const override {
    if (endpoints < kMaxBridgePorts) return;
    throw Error(ErrorKind::unavailable,
                fmt::format("network {} is full: its bridge {} holds {} containers, the most that a Linux bridge can",
                            network.name, network.interface, kMaxBridgePorts));
  }

  void complete(const Network&, const EndpointRequest& request, Endpoint& endpoint) const override {
    endpoint.mac_address = request.mac_address.empty() ? mac_text(endpoint.address) : request.mac_address;
    endpoint.host_interface = host_interface_name(endpoint.id);
  }

  bool is_ready(const Network& network) const override { return bridge_is_ready(network) && is_forwarding(network); }

  void make_ready(storage::Database& database, const storage::Instance& instance,
                  const Network& network) const override {
    if (!bridge_is_ready(network)) {
      const explain::Step step(
          "link", [&] { return fmt::format("bridge {} with address {}", network.interface, network.gateway); });
      make_bridge_ready(instance, network);
    }
    const explain::Step step("sysctl", [] { return "net.ipv4.ip_forward = 1"; });
    change_host_sysctl(database, kForwarding, "1");
    if (!network.ipv6_subnet.empty()) forward_ipv6(database);
  }

  // A bridge that is ready takes any container.
  void prove(const Network&) const override {}

  void remove(const storage::Instance&, const Network& network, const std::vector<Network>&) const override {
    remove_link(network.interface);
  }

  void create_interface(const storage::Instance& instance, const Network& network, const Endpoint& endpoint,
                        int netns) const override {
    create_bridge_port(instance, network, endpoint, netns);
  }

  bool is_shared_with_strangers() const override { return false; }
};

}  // namespace

const Driver& bridge_driver() {
  static const BridgeDriver driver;
  return driver;
}

}  // namespace minidock::network
