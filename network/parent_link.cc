#include "network/parent_link.h"

#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/error.h"
#include "base/explain.h"
#include "base/fd.h"
#include "network/bridge.h"
#include "network/route_objects.h"
#include "network/route_socket.h"
#include "network/sysctls.h"

namespace minidock::network {

namespace {

// The network's own one leads nowhere: nobody is at the other end of a veth pair. (docker has a dummy interface there,
// of a module that not every kernel has.)
bool is_own(const Network& network) { return network.parent.interface == network.interface; }

std::string far_end(const Network& network) {
  constexpr std::size_t kPrefix = 3;  // of "md-0123456789ab"
  return "mdp" + network.interface.substr(kPrefix);
}

// What tells a VLAN that minidock made from the administrator's (`ip link` shows it).
std::string made_alias(const storage::Instance& instance) { return "made by " + instance.nft_table; }

bool exists(const std::string& interface) { return if_nametoindex(interface.c_str()) != 0; }

bool is_up(const std::string& interface) {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) throw SysError("cannot open a socket to look at interface " + interface);
  ifreq request{};
  std::memcpy(request.ifr_name, interface.c_str(), std::min(interface.size(), sizeof(request.ifr_name) - 1));
  return ::ioctl(socket.get(), SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) != 0;
}

RouteRequest link_request(const std::string& what, const std::string& interface, int flags, bool up) {
  ifinfomsg header{};
  header.ifi_flags = up ? IFF_UP : 0;
  header.ifi_change = header.ifi_flags;
  RouteRequest request(what, RTM_NEWLINK, flags, header);
  request.put_string(IFLA_IFNAME, interface);
  return request;
}

RouteRequest switch_on_request(const std::string& interface) {
  return link_request("switch on interface " + interface, interface, 0, true);
}

RouteRequest pair_request(const std::string& interface, const std::string& peer) {
  RouteRequest request = link_request(fmt::format("create interfaces {} and {}", interface, peer), interface,
                                      NLM_F_CREATE | NLM_F_EXCL, false);
  const ifinfomsg header{};
  request.open(IFLA_LINKINFO).put_string(IFLA_INFO_KIND, "veth").open(IFLA_INFO_DATA).open(VETH_INFO_PEER);
  request.append(&header, sizeof(header)).put_string(IFLA_IFNAME, peer);
  request.close().close().close();
  request.tolerate(EEXIST);  // switched off, or made by a process that was killed
  return request;
}

// The host has no part in what is spoken there.
void make_own_parent(const Network& network) {
  const std::string& interface = network.parent.interface;
  const explain::Step step("link", [&] { return fmt::format("{}, which leads nowhere", interface); });
  RouteSocket socket;
  std::vector<RouteRequest> requests;
  requests.push_back(pair_request(interface, far_end(network)));
  socket.send(requests);
  requests.clear();
  for (const std::string& end : {interface, far_end(network)}) {
    write_sysctl(ipv6_key(end, "disable_ipv6"), "1");
    requests.push_back(switch_on_request(end));
  }
  socket.send(requests);
}

RouteRequest vlan_request(const Vlan& vlan, const std::string& interface) {
  RouteRequest request =
      link_request(fmt::format("create VLAN interface {}", interface), interface, NLM_F_CREATE | NLM_F_EXCL, false);
  request.put_u32(IFLA_LINK, link_index(vlan.interface));
  request.open(IFLA_LINKINFO).put_string(IFLA_INFO_KIND, "vlan").open(IFLA_INFO_DATA);
  request.put(IFLA_VLAN_ID, &vlan.number, sizeof(vlan.number));
  request.close().close();
  return request;
}

// One message after the other in one call: nobody is killed between the making and the mark.
void make_vlan(const storage::Instance& instance, const Network& network, const Vlan& vlan) {
  const std::string& interface = network.parent.interface;
  const explain::Step step("link", [&] { return fmt::format("VLAN {} on {}", vlan.number, vlan.interface); });
  RouteRequest mark = link_request("mark interface " + interface, interface, 0, false);
  const std::string alias = made_alias(instance);
  mark.put(IFLA_IFALIAS, alias.data(), alias.size());
  std::vector<RouteRequest> requests;
  requests.push_back(vlan_request(vlan, interface));
  requests.push_back(std::move(mark));
  try {
    RouteSocket().send(requests);
  } catch (const SysError& error) {
    if (error.error_number() != EOPNOTSUPP) throw;
    throw Error(ErrorKind::unsupported,
                fmt::format("cannot make interface {} for network {}: this kernel has no 802.1Q VLANs (module 8021q, "
                            "CONFIG_VLAN_8021Q)",
                            interface, network.name));
  }
  // The host has no part in it: no router there is to give it an address.
  write_sysctl(ipv6_key(interface, "disable_ipv6"), "1");
}

[[noreturn]] void refuse_missing(const Network& network, const std::string& interface) {
  throw Error(ErrorKind::not_found,
              fmt::format("network {} has no parent: there is no interface {} on this host (\"ip link\" lists them)",
                          network.name, interface));
}

void require_up(const Network& network, const std::string& interface) {
  if (is_up(interface)) return;
  throw Error(ErrorKind::unavailable,
              fmt::format("interface {}, which network {} needs, is switched off: ip link set {} up", interface,
                          network.name, interface));
}

bool is_made_by(const storage::Instance& instance, const std::string& interface) {
  return link_alias(interface) == made_alias(instance);
}

}  // namespace

std::optional<Vlan> vlan_of(const std::string& name) {
  constexpr std::uint32_t kMost = 4094;
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == name.size()) return std::nullopt;
  std::uint32_t number = 0;
  const char* end = name.data() + name.size();
  const auto [last, error] = std::from_chars(name.data() + dot + 1, end, number);
  if (last != end || error == std::errc::invalid_argument) return std::nullopt;
  if (error != std::errc() || number < 1 || number > kMost) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("vlan id must be between 1-{}, received: {}", kMost, name.substr(dot + 1)));
  }
  return Vlan{name.substr(0, dot), static_cast<std::uint16_t>(number)};
}

bool parent_is_ready(const Network& network) { return is_up(network.parent.interface); }

void make_parent_ready(const storage::Instance& instance, const Network& network) {
  const std::string& interface = network.parent.interface;
  if (is_own(network)) {
    make_own_parent(network);
    return;
  }
  if (!exists(interface)) {
    const std::optional<Vlan> vlan = vlan_of(interface);
    if (!vlan) refuse_missing(network, interface);
    if (!exists(vlan->interface)) refuse_missing(network, vlan->interface);
    require_up(network, vlan->interface);
    make_vlan(instance, network, *vlan);
  }
  // Whoever else made it has switched it off for a reason.
  if (is_made_by(instance, interface)) {
    std::vector<RouteRequest> requests;
    requests.push_back(switch_on_request(interface));
    RouteSocket().send(requests);
  }
  require_up(network, interface);
}

void remove_made_parent(const storage::Instance& instance, const Network& network, const std::vector<Network>& others) {
  const std::string& interface = network.parent.interface;
  const bool is_used = std::any_of(others.begin(), others.end(), [&](const Network& other) {
    return other.id != network.id && other.parent.interface == interface;
  });
  if (is_used) return;
  if (is_own(network) || is_made_by(instance, interface)) remove_link(interface);
}

}  // namespace minidock::network
