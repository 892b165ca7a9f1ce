// What a container may send: IPv4 and ARP with its own address as the sender's, and nothing else. It has raw sockets by
// default, and may change its addresses with NET_ADMIN; without this it could speak as its neighbour, or tell everybody
// that it is the gateway. Its MAC address is kept by the bridge itself (a locked port, network/endpoint.cc).
//
// IPv6, which containers do not have, is dropped with router advertisements and all; so is whatever a DHCP server says.
//
//   prerouting   (filter, bridge: dstnat)   every frame that enters a bridge
//   ports        set  interface             -> the containers' ends that are guarded
//   addresses    set  interface . address   -> who may send from where
//
// Elements of containers that have ended stay until the tables are built anew: the kernel waits for all its processors
// (12 ms) when one goes, and the next container's start with it. They do no harm, no interface has the same name again,
// and when the sets are full the next start builds the tables anew.
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_bridge.h>

#include <array>

#include "network/firewall_internal.h"

namespace minidock::network {

namespace {

constexpr char kPorts[] = "ports";
constexpr char kAddresses[] = "addresses";
constexpr std::uint32_t kMostEndpoints = 8192;  // eight bridges hold fewer
constexpr std::uint16_t kDhcpClientPort = 68;

std::string interface_bytes(const std::string& name) {
  std::array<char, IFNAMSIZ> padded{};
  name.copy(padded.data(), padded.size() - 1);
  return register_bytes(padded.data(), padded.size());
}

void add_endpoints(NftBatch& batch, const std::string& table, const std::vector<GuardedEndpoint>& endpoints) {
  NftElements ports(guard_table(table), kPorts);
  NftElements addresses(guard_table(table), kAddresses);
  for (const GuardedEndpoint& endpoint : endpoints) {
    const std::string interface = interface_bytes(endpoint.host_interface);
    const std::uint32_t address = stored_address(endpoint.address, "address of an endpoint").network_order();
    ports.add(interface);
    addresses.add(interface + register_bytes(&address, sizeof(address)));
  }
  ports.put_into(batch, NFT_MSG_NEWSETELEM);
  addresses.put_into(batch, NFT_MSG_NEWSETELEM);
}

}  // namespace

NftTable guard_table(const std::string& table) { return {NFPROTO_BRIDGE, table}; }

NftChain guard_chain(const std::string& table) {
  NftChain chain{"prerouting", "filter", NF_BR_PRE_ROUTING, NF_BR_PRI_NAT_DST_BRIDGED, {}};
  const auto rule = [&]() -> NftRule& { return chain.rules.emplace_back(table, chain.name); };
  rule().input_interface_not_in(kPorts).accept();
  rule().is_frame_of(ETH_P_IP).is_udp_to(kDhcpClientPort).drop();
  rule().is_frame_of(ETH_P_IP).ipv4_sender_in(kAddresses).accept();
  rule().is_frame_of(ETH_P_ARP).arp_sender_in(kAddresses).accept();
  rule().drop();
  return chain;
}

void add_guard(NftBatch& batch, const std::string& table, const std::string& comment,
               const std::vector<GuardedEndpoint>& endpoints) {
  constexpr std::uint32_t kInterfaceType = 41;
  constexpr std::uint32_t kAddressType = 7;
  const NftTable guard = guard_table(table);
  add_commented_table(batch, guard, comment);
  add_set(batch, guard,
          {.name = kPorts,
           .id = 1,
           .key_type = kInterfaceType,
           .key_size = IFNAMSIZ,
           .size = kMostEndpoints,
           .has_host_order = true});
  add_set(batch, guard,
          {.name = kAddresses,
           .id = 2,
           .key_type = (kInterfaceType << 6) | kAddressType,
           .key_size = IFNAMSIZ + sizeof(std::uint32_t),
           .size = kMostEndpoints});
  add_chain(batch, guard, guard_chain(table));
  add_endpoints(batch, table, endpoints);
}

int add_guarded_endpoint(const std::string& table, const GuardedEndpoint& endpoint) {
  NftBatch batch;
  add_endpoints(batch, table, {endpoint});
  return batch.commit("guard " + endpoint.host_interface);
}

}  // namespace minidock::network
