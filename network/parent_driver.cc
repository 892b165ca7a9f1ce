// Drivers "macvlan" and "ipvlan": a container's interface stands on one of the host's, the parent, and speaks to
// whoever is there as a machine of its own; with a MAC address of its own (macvlan) or with the parent's (ipvlan).
#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <cerrno>

#include "base/error.h"
#include "base/explain.h"
#include "base/netns_visit.h"
#include "network/bridge.h"
#include "network/driver.h"
#include "network/ip_prefix.h"
#include "network/mac_address.h"
#include "network/parent_link.h"
#include "network/route_socket.h"

namespace minidock::network {

namespace {

bool is_passthru(const Network& network) { return network.parent.mode == kPassthru; }

// What the kernel means, as far as its number tells.
[[noreturn]] void explain_refusal(const Network& network, const SysError& error) {
  const std::string& driver = network.settings.driver;
  const std::string& parent = network.parent.interface;
  switch (error.error_number()) {
    case EOPNOTSUPP:
      throw Error(ErrorKind::unsupported,
                  fmt::format("network {} cannot work: this kernel has no {} (module {}, CONFIG_{})", network.name,
                              driver, driver, driver == kMacvlanDriver ? "MACVLAN" : "IPVLAN"));
    case EBUSY:
      throw Error(
          ErrorKind::conflict,
          fmt::format("network {} cannot stand on interface {}: something else has it already, a bridge, a bond "
                      "or the other one of macvlan and ipvlan",
                      network.name, parent));
    case EINVAL:
      throw Error(
          ErrorKind::conflict,
          is_passthru(network)
              ? fmt::format("network {} cannot stand on interface {} in mode passthru: the kernel wants it to be "
                            "Ethernet and without any other macvlan interface",
                            network.name, parent)
              : fmt::format("network {} cannot stand on interface {}: the kernel wants it to be Ethernet, without "
                            "a macvlan interface in mode passthru, and its MTU to be no smaller than the "
                            "network's",
                            network.name, parent));
    default:
      throw error;
  }
}

// Who stood on another network's bridge would go past its firewall, and keep it from being taken away.
void check_is_no_network(const Network& network, const Network& other) {
  if (other.interface != network.parent.interface) return;
  throw Error(ErrorKind::conflict, fmt::format("interface {} cannot be a parent: it is network {}'s own",
                                               network.parent.interface, other.name));
}

// What macvlan and ipvlan have in common.
class ParentDriver : public Driver {
 public:
  void check(const Network& network, const std::vector<Network>& others) const override {
    vlan_of(network.parent.interface);  // a number that no VLAN has is told before anything is made
    for (const Network& other : others) {
      check_is_no_network(network, other);
      if (is_bridged(other) || other.parent.interface != network.parent.interface) continue;
      if (other.settings.driver != network.settings.driver) {
        throw Error(
            ErrorKind::conflict,
            fmt::format("{} network {} is already using parent interface {}, which macvlan and ipvlan cannot share",
                        other.settings.driver, other.name, network.parent.interface));
      }
      check_sharing(network, other);
    }
  }

  bool is_ready(const Network& network) const override { return parent_is_ready(network); }

  void make_ready(storage::Database&, const storage::Instance& instance, const Network& network) const override {
    make_parent_ready(instance, network);
  }

  void prove(const Network& network) const override {
    Endpoint endpoint;
    endpoint.interface = "eth0";
    complete(network, {}, endpoint);
    const Fd netns = make_netns();
    create(network, endpoint, netns.get());
    // At once: the kernel takes it away with the namespace some time later, and in mode passthru nobody could use the
    // parent until then.
    detach_endpoint(endpoint, netns.get());
  }

  void remove(const storage::Instance& instance, const Network& network,
              const std::vector<Network>& others) const override {
    remove_made_parent(instance, network, others);
  }

  void create_interface(const storage::Instance&, const Network& network, const Endpoint& endpoint,
                        int netns) const override {
    create(network, endpoint, netns);
  }

  bool is_shared_with_strangers() const override { return true; }

 private:
  // The request goes out from here, where the parent is; the kernel makes the interface over there.
  void create(const Network& network, const Endpoint& endpoint, int netns) const {
    const explain::Step step("link", [&] {
      return fmt::format("{} {} on {}, mode {}", network.settings.driver, endpoint.interface, network.parent.interface,
                         network.parent.mode);
    });
    RouteRequest request(fmt::format("create {} interface {} on {}", network.settings.driver, endpoint.interface,
                                     network.parent.interface),
                         RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
    request.put_string(IFLA_IFNAME, endpoint.interface)
        .put_u32(IFLA_LINK, link_index(network.parent.interface))
        .put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(netns));
    if (network.parent.mtu != 0) request.put_u32(IFLA_MTU, network.parent.mtu);
    if (!endpoint.mac_address.empty()) {
      const MacAddress mac = parse_mac(endpoint.mac_address);
      request.put(IFLA_ADDRESS, mac.data(), mac.size());
    }
    request.open(IFLA_LINKINFO).put_string(IFLA_INFO_KIND, network.settings.driver).open(IFLA_INFO_DATA);
    put_kind(network, request);
    request.close().close();
    std::vector<RouteRequest> requests;
    requests.push_back(std::move(request));
    try {
      // The one that the parent of mode passthru has room for may be the last run's.
      RouteSocket().send_patiently(requests, is_passthru(network) ? std::vector{EINVAL} : std::vector<int>{});
    } catch (const SysError& error) {
      explain_refusal(network, error);
    }
  }

  // Two networks of this driver on one parent. ErrorKind::conflict.
  virtual void check_sharing(const Network& network, const Network& other) const = 0;
  virtual void put_kind(const Network& network, RouteRequest& request) const = 0;
};

class MacvlanDriver : public ParentDriver {
 public:
  void check_room(const Network& network, std::int64_t endpoints) const override {
    if (!is_passthru(network) || endpoints == 0) return;
    throw Error(ErrorKind::unavailable,
                fmt::format("network {} is full: in mode passthru interface {} is for one container alone",
                            network.name, network.parent.interface));
  }

  void complete(const Network&, const EndpointRequest& request, Endpoint& endpoint) const override {
    endpoint.mac_address = request.mac_address;
    if (endpoint.mac_address.empty() && !endpoint.address.empty()) endpoint.mac_address = mac_text(endpoint.address);
  }

 private:
  void check_sharing(const Network& network, const Network& other) const override {
    if (is_passthru(network)) {
      throw Error(ErrorKind::conflict,
                  fmt::format("cannot use mode passthru, macvlan network {} is already using parent interface {}",
                              other.name, network.parent.interface));
    }
    if (!is_passthru(other)) return;
    throw Error(ErrorKind::conflict,
                fmt::format("macvlan network {} is already using parent interface {} in mode passthru", other.name,
                            network.parent.interface));
  }

  void put_kind(const Network& network, RouteRequest& request) const override {
    request.put_u32(IFLA_MACVLAN_MODE, network.parent.mode_number);
  }
};

class IpvlanDriver : public ParentDriver {
 public:
  void check_room(const Network&, std::int64_t) const override {}

  // In the modes of layer 3 nobody answers for a gateway: the parent's routes decide.
  void complete(const Network& network, const EndpointRequest& request, Endpoint& endpoint) const override {
    if (!request.mac_address.empty()) {
      throw Error(
          ErrorKind::invalid_argument,
          fmt::format("network {}: ipvlan interfaces do not support custom mac address assignment", network.name));
    }
    if (network.parent.mode_number == IPVLAN_MODE_L2) return;
    if (!endpoint.gateway.empty()) endpoint.gateway = every_address_of(IpFamily::ipv4);
    if (!endpoint.ipv6_gateway.empty()) endpoint.ipv6_gateway = every_address_of(IpFamily::ipv6);
  }

 private:
  // Mode and flag are the parent's, not the interface's: the last one would change those of all.
  void check_sharing(const Network& network, const Network& other) const override {
    const bool is_alike = network.parent.mode_number == other.parent.mode_number &&
                          network.parent.ipvlan_flags == other.parent.ipvlan_flags;
    if (is_alike) return;
    throw Error(ErrorKind::conflict,
                fmt::format("ipvlan network {} is already using parent interface {}, on which all have the same "
                            "ipvlan_mode and ipvlan_flag",
                            other.name, network.parent.interface));
  }

  void put_kind(const Network& network, RouteRequest& request) const override {
    const auto mode = static_cast<std::uint16_t>(network.parent.mode_number);
    request.put(IFLA_IPVLAN_MODE, &mode, sizeof(mode));
    request.put(IFLA_IPVLAN_FLAGS, &network.parent.ipvlan_flags, sizeof(network.parent.ipvlan_flags));
  }
};

}  // namespace

const Driver& macvlan_driver() {
  static const MacvlanDriver driver;
  return driver;
}

const Driver& ipvlan_driver() {
  static const IpvlanDriver driver;
  return driver;
}

}  // namespace minidock::network
