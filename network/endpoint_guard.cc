// What a container may send: IPv4, ARP and IPv6 with its own addresses as the sender's, and nothing else. It has raw
// sockets by default, and may change its addresses with NET_ADMIN; without this it could speak as its neighbour, or
// tell everybody that it is the gateway. Its MAC address is kept by the bridge itself (a locked port,
// network/endpoint.cc).
//
// Of IPv6 it has its address and the link-local one that goes with it (network/mac_address.h); without an IPv6 address
// neither. It may speak for no other one (neighbour advertisements), nor as a router, nor redirect anybody; and not as
// a DHCP server. Who has no address yet may say what one says then: that it looks for neighbours, and which groups it
// listens to.
//
//   prerouting   (filter, bridge: dstnat)   every frame that enters a bridge
//   ports        set  interface             -> the containers' ends that are guarded
//   addresses    set  interface . address   -> who may send from where
//   addresses6   set  the same of IPv6
//
// Elements of containers that have ended stay until the tables are built anew: the kernel waits for all its processors
// (12 ms) when one goes, and the next container's start with it. They do no harm, no interface has the same name again,
// and when the sets are full the next start builds the tables anew.
#include <linux/if_ether.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_bridge.h>

#include <map>
#include <string_view>

#include "network/firewall_internal.h"
#include "network/mac_address.h"

namespace minidock::network {

namespace {

constexpr const char* kAddresses = kGuardSets[1];
constexpr const char* kAddresses6 = kGuardSets[2];
constexpr std::uint32_t kMostEndpoints = 8192;  // eight bridges hold fewer
constexpr std::uint16_t kDhcpClientPort = 68;
constexpr std::uint16_t kDhcpv6ClientPort = 546;
const IpPrefix kUnspecified = IpPrefix::of(Ipv6Subnet{{}, Ipv6Address::kBits});

void add_endpoints(NftBatch& batch, const std::string& table, const std::vector<GuardedEndpoint>& endpoints) {
  std::map<std::string_view, NftElements> sets;
  for (const char* set : kGuardSets) sets.try_emplace(set, guard_table(table), set);
  for (const GuardedEndpoint& endpoint : endpoints) {
    for (const GuardElement& element : guard_elements_of(endpoint)) sets.at(element.set).add(element.key);
  }
  for (const char* set : kGuardSets) sets.at(set).put_into(batch, NFT_MSG_NEWSETELEM);
}

}  // namespace

std::vector<std::string> sender_addresses(const std::string& ipv4, const std::string& ipv6) {
  std::vector<std::string> addresses{ipv4};
  if (!ipv6.empty()) {
    addresses.push_back(ipv6);
    addresses.push_back(link_local_of(stored_address(ipv4, "address of an endpoint")).text());
  }
  return addresses;
}

std::vector<GuardElement> guard_elements_of(const GuardedEndpoint& endpoint) {
  const std::string interface = interface_bytes(endpoint.host_interface);
  std::vector<GuardElement> elements{{kGuardedPorts, interface}};
  for (const std::string& address : endpoint.addresses) {
    const char* set = family_of(address) == IpFamily::ipv4 ? kAddresses : kAddresses6;
    elements.push_back({set, interface + packet_bytes(address)});
  }
  return elements;
}

NftTable guard_table(const std::string& table) { return {NFPROTO_BRIDGE, table}; }

NftChain guard_chain(const std::string& table) {
  NftChain chain{"prerouting", "filter", NF_BR_PRE_ROUTING, NF_BR_PRI_NAT_DST_BRIDGED, {}};
  const auto rule = [&]() -> NftRule& { return chain.rules.emplace_back(table, chain.name); };
  // Nearly all frames end here, with one look into a set; the rules below decide about them in the same way.
  rule()
      .is_frame_of(ETH_P_IP)
      .is_to_port(kDhcpClientPort, Match::not_equal)
      .sender_in(IpFamily::ipv4, kAddresses)
      .accept();
  rule().input_interface_not_in(kGuardedPorts).accept();
  rule().is_frame_of(ETH_P_IP).is_udp_to(kDhcpClientPort).drop();
  rule().is_frame_of(ETH_P_IP).sender_in(IpFamily::ipv4, kAddresses).accept();
  rule().is_frame_of(ETH_P_ARP).arp_sender_in(kAddresses).accept();
  const auto ipv6_rule = [&]() -> NftRule& { return rule().is_frame_of(ETH_P_IPV6); };
  ipv6_rule().is_udp_to(kDhcpv6ClientPort).drop();
  ipv6_rule().is_icmpv6(icmpv6::kRouterAdvertisement).drop();
  ipv6_rule().is_icmpv6(icmpv6::kRedirect).drop();
  ipv6_rule().is_icmpv6(icmpv6::kNeighbourAdvertisement).advertised_not_in(kAddresses6).drop();
  ipv6_rule().sender_in(IpFamily::ipv6, kAddresses6).accept();
  for (const std::uint8_t type : {icmpv6::kNeighbourSolicitation, icmpv6::kMldReport, icmpv6::kMldv2Report}) {
    ipv6_rule().source(Match::equal, kUnspecified).is_icmpv6(type).accept();
  }
  rule().drop();
  return chain;
}

void add_guard(NftBatch& batch, const std::string& table, const std::string& comment,
               const std::vector<GuardedEndpoint>& endpoints) {
  const NftTable guard = guard_table(table);
  add_commented_table(batch, guard, comment);
  add_set(batch, guard,
          {.name = kGuardedPorts,
           .id = 1,
           .key_type = nft_type::kInterface,
           .key_size = IFNAMSIZ,
           .size = kMostEndpoints,
           .has_host_order = true});
  add_set(batch, guard,
          {.name = kAddresses,
           .id = 2,
           .key_type = nft_type::concatenated(nft_type::kInterface, nft_type::kIpv4Address),
           .key_size = IFNAMSIZ + sizeof(std::uint32_t),
           .size = kMostEndpoints});
  add_set(batch, guard,
          {.name = kAddresses6,
           .id = 3,
           .key_type = nft_type::concatenated(nft_type::kInterface, nft_type::kIpv6Address),
           .key_size = IFNAMSIZ + sizeof(Ipv6Bytes),
           .size = 2 * kMostEndpoints});
  add_chain(batch, guard, guard_chain(table));
  add_endpoints(batch, table, endpoints);
}

int add_guarded_endpoint(const std::string& table, const GuardedEndpoint& endpoint) {
  NftBatch batch;
  add_endpoints(batch, table, {endpoint});
  return batch.commit("guard " + endpoint.host_interface);
}

}  // namespace minidock::network
