#include "network/nft_rule.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "network/transport.h"

namespace minidock::network {

namespace {

constexpr std::uint32_t kFirst = NFT_REG_1;
constexpr std::uint32_t kBehindAnInterface = NFT_REG32_04;  // whose name takes sixteen bytes

// Where the addresses stand in the header.
struct HeaderLayout {
  std::uint8_t protocol;
  std::uint32_t source;
  std::uint32_t destination;
  std::uint32_t address_size;
  // The register behind an address in the first one.
  std::uint32_t behind_address() const { return NFT_REG32_00 + address_size / 4; }
};

const HeaderLayout& layout_of(IpFamily family) {
  static constexpr HeaderLayout kIpv4{NFPROTO_IPV4, 12, 16, 4};
  static constexpr HeaderLayout kIpv6{NFPROTO_IPV6, 8, 24, 16};
  return family == IpFamily::ipv4 ? kIpv4 : kIpv6;
}

// In the header of tcp, udp and sctp.
constexpr std::uint32_t kDestinationPort = 2;
// In a neighbour advertisement, behind the IPv6 header.
constexpr std::uint32_t kAdvertisedAddress = 8;
// The sender's address in an ARP message of Ethernet and IPv4.
constexpr std::uint32_t kArpSenderAddress = 14;

}  // namespace

NftRule::NftRule(const std::string& table, const std::string& chain) : rule_(nftnl_rule_alloc()) {
  if (!rule_) throw SysError(ENOMEM, "cannot build a firewall rule");
  nftnl_rule_set_str(rule_.get(), NFTNL_RULE_TABLE, table.c_str());
  nftnl_rule_set_str(rule_.get(), NFTNL_RULE_CHAIN, chain.c_str());
}

nftnl_expr* NftRule::add(const char* name) {
  nftnl_expr* expression = nftnl_expr_alloc(name);
  if (expression == nullptr) throw SysError(ENOMEM, "cannot build a firewall rule");
  nftnl_rule_add_expr(rule_.get(), expression);
  return expression;
}

void NftRule::meta(std::uint32_t key, std::uint32_t target) {
  nftnl_expr* expression = add("meta");
  nftnl_expr_set_u32(expression, NFTNL_EXPR_META_KEY, key);
  nftnl_expr_set_u32(expression, NFTNL_EXPR_META_DREG, target);
}

void NftRule::compare(std::uint32_t operation, const void* data, std::size_t size) {
  nftnl_expr* expression = add("cmp");
  nftnl_expr_set_u32(expression, NFTNL_EXPR_CMP_SREG, kFirst);
  nftnl_expr_set_u32(expression, NFTNL_EXPR_CMP_OP, operation);
  nftnl_expr_set(expression, NFTNL_EXPR_CMP_DATA, data, static_cast<std::uint32_t>(size));
}

void NftRule::interface(std::uint32_t key, Match match, const std::string& name) {
  meta(key, kFirst);
  std::array<char, IFNAMSIZ> padded{};
  std::memcpy(padded.data(), name.data(), std::min(name.size(), padded.size() - 1));
  compare(match == Match::equal ? NFT_CMP_EQ : NFT_CMP_NEQ, padded.data(), padded.size());
}

NftRule& NftRule::input_interface(Match match, const std::string& name) {
  interface(NFT_META_IIFNAME, match, name);
  return *this;
}

NftRule& NftRule::output_interface(Match match, const std::string& name) {
  interface(NFT_META_OIFNAME, match, name);
  return *this;
}

NftRule& NftRule::is(IpFamily family) {
  meta(NFT_META_NFPROTO, kFirst);
  compare(NFT_CMP_EQ, &layout_of(family).protocol, sizeof(HeaderLayout::protocol));
  return *this;
}

void NftRule::payload(std::uint32_t base, std::uint32_t offset, std::uint32_t size, std::uint32_t target) {
  nftnl_expr* expression = add("payload");
  nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_BASE, base);
  nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
  nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_LEN, size);
  nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_DREG, target);
}

// bits: in the order of the register's bytes.
void NftRule::mask(const std::string& bits) {
  nftnl_expr* expression = add("bitwise");
  const std::string zero(bits.size(), '\0');
  const auto size = static_cast<std::uint32_t>(bits.size());
  nftnl_expr_set_u32(expression, NFTNL_EXPR_BITWISE_SREG, kFirst);
  nftnl_expr_set_u32(expression, NFTNL_EXPR_BITWISE_DREG, kFirst);
  nftnl_expr_set_u32(expression, NFTNL_EXPR_BITWISE_LEN, size);
  nftnl_expr_set(expression, NFTNL_EXPR_BITWISE_MASK, bits.data(), size);
  nftnl_expr_set(expression, NFTNL_EXPR_BITWISE_XOR, zero.data(), size);
}

void NftRule::address(std::uint32_t header_offset, Match match, const IpPrefix& subnet) {
  payload(NFT_PAYLOAD_NETWORK_HEADER, header_offset, static_cast<std::uint32_t>(subnet.address.size()), kFirst);
  mask(subnet.mask);
  compare(match == Match::equal ? NFT_CMP_EQ : NFT_CMP_NEQ, subnet.address.data(), subnet.address.size());
}

NftRule& NftRule::source(Match match, const IpPrefix& subnet) {
  address(layout_of(subnet.family).source, match, subnet);
  return *this;
}

NftRule& NftRule::destination(Match match, const IpPrefix& subnet) {
  address(layout_of(subnet.family).destination, match, subnet);
  return *this;
}

NftRule& NftRule::destination_is_local() {
  nftnl_expr* expression = add("fib");
  nftnl_expr_set_u32(expression, NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_DADDR);
  nftnl_expr_set_u32(expression, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
  nftnl_expr_set_u32(expression, NFTNL_EXPR_FIB_DREG, kFirst);
  const std::uint32_t local = RTN_LOCAL;
  compare(NFT_CMP_EQ, &local, sizeof(local));
  return *this;
}

// operation: how the chosen bits of what conntrack knows compare with 0.
void NftRule::connection(std::uint32_t key, std::uint32_t bits, std::uint32_t operation) {
  nftnl_expr* expression = add("ct");
  nftnl_expr_set_u32(expression, NFTNL_EXPR_CT_KEY, key);
  nftnl_expr_set_u32(expression, NFTNL_EXPR_CT_DREG, kFirst);
  mask({reinterpret_cast<const char*>(&bits), sizeof(bits)});
  const std::uint32_t zero = 0;
  compare(operation, &zero, sizeof(zero));
}

NftRule& NftRule::destination_was_translated(bool was) {
  connection(NFT_CT_STATUS, IPS_DST_NAT, was ? NFT_CMP_NEQ : NFT_CMP_EQ);
  return *this;
}

NftRule& NftRule::belongs_to_connection(bool does) {
  connection(NFT_CT_STATE, NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED),
             does ? NFT_CMP_NEQ : NFT_CMP_EQ);
  return *this;
}

NftRule& NftRule::destination_in(IpFamily family, const std::string& set) {
  const HeaderLayout& layout = layout_of(family);
  payload(NFT_PAYLOAD_NETWORK_HEADER, layout.destination, layout.address_size, kFirst);
  look_up(set, false);
  return *this;
}

NftRule& NftRule::is_of(const std::string& protocol) {
  meta(NFT_META_L4PROTO, kFirst);
  const std::uint8_t number = transport_of(protocol).protocol;
  compare(NFT_CMP_EQ, &number, sizeof(number));
  return *this;
}

NftRule& NftRule::is_to_ports(std::uint16_t first, std::uint16_t last) {
  if (first == last) return is_to_port(first);
  payload(NFT_PAYLOAD_TRANSPORT_HEADER, kDestinationPort, sizeof(first), kFirst);
  const std::uint16_t least = htons(first);
  const std::uint16_t most = htons(last);
  compare(NFT_CMP_GTE, &least, sizeof(least));
  compare(NFT_CMP_LTE, &most, sizeof(most));
  return *this;
}

NftRule& NftRule::is_udp_to(std::uint16_t port) {
  meta(NFT_META_L4PROTO, kFirst);
  const std::uint8_t udp = IPPROTO_UDP;
  compare(NFT_CMP_EQ, &udp, sizeof(udp));
  return is_to_port(port);
}

NftRule& NftRule::is_to_port(std::uint16_t port, Match match) {
  payload(NFT_PAYLOAD_TRANSPORT_HEADER, kDestinationPort, sizeof(port), kFirst);
  const std::uint16_t number = htons(port);
  compare(match == Match::equal ? NFT_CMP_EQ : NFT_CMP_NEQ, &number, sizeof(number));
  return *this;
}

NftRule& NftRule::is_icmpv6(std::uint8_t type) {
  meta(NFT_META_L4PROTO, kFirst);
  const std::uint8_t icmpv6 = IPPROTO_ICMPV6;
  compare(NFT_CMP_EQ, &icmpv6, sizeof(icmpv6));
  payload(NFT_PAYLOAD_TRANSPORT_HEADER, 0, sizeof(type), kFirst);
  compare(NFT_CMP_EQ, &type, sizeof(type));
  return *this;
}

void NftRule::look_up(const std::string& set, bool inverted) {
  nftnl_expr* lookup = add("lookup");
  nftnl_expr_set_str(lookup, NFTNL_EXPR_LOOKUP_SET, set.c_str());
  nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_SREG, kFirst);
  if (inverted) nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
}

NftRule& NftRule::input_interface_in(const std::string& set) {
  meta(NFT_META_IIFNAME, kFirst);
  look_up(set, false);
  return *this;
}

NftRule& NftRule::input_interface_not_in(const std::string& set) {
  meta(NFT_META_IIFNAME, kFirst);
  look_up(set, true);
  return *this;
}

NftRule& NftRule::is_frame_of(std::uint16_t ether_type) {
  meta(NFT_META_PROTOCOL, kFirst);
  const std::uint16_t type = htons(ether_type);
  compare(NFT_CMP_EQ, &type, sizeof(type));
  return *this;
}

void NftRule::load_interface_and(std::uint32_t base, std::uint32_t offset, std::uint32_t size) {
  meta(NFT_META_IIFNAME, kFirst);
  payload(base, offset, size, kBehindAnInterface);
}

NftRule& NftRule::sender_in(IpFamily family, const std::string& set) {
  load_interface_and(NFT_PAYLOAD_NETWORK_HEADER, layout_of(family).source, layout_of(family).address_size);
  look_up(set, false);
  return *this;
}

NftRule& NftRule::arp_sender_in(const std::string& set) {
  load_interface_and(NFT_PAYLOAD_NETWORK_HEADER, kArpSenderAddress, sizeof(std::uint32_t));
  look_up(set, false);
  return *this;
}

NftRule& NftRule::advertised_not_in(const std::string& set) {
  load_interface_and(NFT_PAYLOAD_TRANSPORT_HEADER, kAdvertisedAddress, layout_of(IpFamily::ipv6).address_size);
  look_up(set, true);
  return *this;
}

void NftRule::load(std::uint32_t target, const void* data, std::uint32_t size) {
  nftnl_expr* immediate = add("immediate");
  nftnl_expr_set_u32(immediate, NFTNL_EXPR_IMM_DREG, target);
  nftnl_expr_set(immediate, NFTNL_EXPR_IMM_DATA, data, size);
}

void NftRule::verdict(std::uint32_t value) {
  nftnl_expr* expression = add("immediate");
  nftnl_expr_set_u32(expression, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
  nftnl_expr_set_u32(expression, NFTNL_EXPR_IMM_VERDICT, value);
}

NftRule& NftRule::accept() {
  verdict(NF_ACCEPT);
  return *this;
}

NftRule& NftRule::drop() {
  verdict(NF_DROP);
  return *this;
}

NftRule& NftRule::refuse() {
  nftnl_expr* expression = add("reject");
  nftnl_expr_set_u32(expression, NFTNL_EXPR_REJECT_TYPE, NFT_REJECT_ICMPX_UNREACH);
  nftnl_expr_set_u8(expression, NFTNL_EXPR_REJECT_CODE, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
  return *this;
}

// The map's value for what is in the first register comes into `target`.
void NftRule::take_from(const std::string& map, std::uint32_t target) {
  nftnl_expr* lookup = add("lookup");
  nftnl_expr_set_str(lookup, NFTNL_EXPR_LOOKUP_SET, map.c_str());
  nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_SREG, kFirst);
  nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_DREG, target);
}

NftRule& NftRule::verdict_by(IpFamily family, const std::string& map) {
  load_interface_and(NFT_PAYLOAD_NETWORK_HEADER, layout_of(family).source, layout_of(family).address_size);
  take_from(map, NFT_REG_VERDICT);
  return *this;
}

// With the MAC address in the first register.
void NftRule::lead_up() {
  constexpr std::uint32_t kMacSize = 6;
  nftnl_expr* write = add("payload");
  nftnl_expr_set_u32(write, NFTNL_EXPR_PAYLOAD_SREG, kFirst);
  nftnl_expr_set_u32(write, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_LL_HEADER);
  nftnl_expr_set_u32(write, NFTNL_EXPR_PAYLOAD_OFFSET, 0);
  nftnl_expr_set_u32(write, NFTNL_EXPR_PAYLOAD_LEN, kMacSize);
  const std::uint8_t to_host = PACKET_HOST;
  load(kFirst, &to_host, sizeof(to_host));
  nftnl_expr* type = add("meta");
  nftnl_expr_set_u32(type, NFTNL_EXPR_META_KEY, NFT_META_PKTTYPE);
  nftnl_expr_set_u32(type, NFTNL_EXPR_META_SREG, kFirst);
}

NftRule& NftRule::lead_up_by_interface(const std::string& map) {
  meta(NFT_META_IIFNAME, kFirst);
  take_from(map, kFirst);
  lead_up();
  return *this;
}

NftRule& NftRule::lead_up_by_destination(IpFamily family, const std::string& map) {
  const HeaderLayout& layout = layout_of(family);
  payload(NFT_PAYLOAD_NETWORK_HEADER, layout.destination, layout.address_size, kFirst);
  take_from(map, kFirst);
  lead_up();
  return *this;
}

NftRule& NftRule::jump(const std::string& chain) {
  nftnl_expr* expression = add("immediate");
  nftnl_expr_set_u32(expression, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
  nftnl_expr_set_u32(expression, NFTNL_EXPR_IMM_VERDICT, static_cast<std::uint32_t>(NFT_JUMP));
  nftnl_expr_set_str(expression, NFTNL_EXPR_IMM_CHAIN, chain.c_str());
  return *this;
}

NftRule& NftRule::masquerade() {
  add("masq");
  return *this;
}

// What the map has comes into the first register and those behind.
void NftRule::map_lookup(IpFamily family, const std::string& map, bool by_address) {
  const HeaderLayout& layout = layout_of(family);
  const std::uint32_t protocol = by_address ? layout.behind_address() : std::uint32_t{NFT_REG32_00};
  if (by_address) payload(NFT_PAYLOAD_NETWORK_HEADER, layout.destination, layout.address_size, kFirst);
  meta(NFT_META_L4PROTO, protocol);
  payload(NFT_PAYLOAD_TRANSPORT_HEADER, kDestinationPort, sizeof(std::uint16_t), protocol + 1);
  take_from(map, kFirst);
}

NftRule& NftRule::redirect_by(IpFamily family, const std::string& map, bool by_address) {
  map_lookup(family, map, by_address);
  translate_destination(family);
  return *this;
}

NftRule& NftRule::refuse_by(IpFamily family, const std::string& map) {
  meta(NFT_META_L4PROTO, kFirst);
  const std::uint8_t tcp = IPPROTO_TCP;
  compare(NFT_CMP_EQ, &tcp, sizeof(tcp));
  map_lookup(family, map, false);
  nftnl_expr_set_u32(add("reject"), NFTNL_EXPR_REJECT_TYPE, NFT_REJECT_TCP_RST);
  return *this;
}

// To the address in the first register and the port behind it.
void NftRule::translate_destination(IpFamily family) {
  nftnl_expr* nat = add("nat");
  nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT);
  nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_FAMILY, layout_of(family).protocol);
  nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_REG_ADDR_MIN, kFirst);
  nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_REG_PROTO_MIN, layout_of(family).behind_address());
}

NftRule& NftRule::redirect_to(Ipv4Address address, std::uint16_t port) {
  const std::uint32_t host = address.network_order();
  const std::uint16_t number = htons(port);
  load(kFirst, &host, sizeof(host));
  load(layout_of(IpFamily::ipv4).behind_address(), &number, sizeof(number));
  translate_destination(IpFamily::ipv4);
  return *this;
}

NftRule& NftRule::leave_untracked() {
  add("notrack");
  return *this;
}

}  // namespace minidock::network
