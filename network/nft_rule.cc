#include "network/nft_rule.h"

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

namespace minidock::network {

namespace {

constexpr std::uint32_t kFirst = NFT_REG_1;
constexpr std::uint32_t kSecond = NFT_REG32_01;
constexpr std::uint32_t kThird = NFT_REG32_02;

// Offsets in the IPv4 header, and of the destination port in that of tcp, udp and sctp.
constexpr std::uint32_t kSourceAddress = 12;
constexpr std::uint32_t kDestinationAddress = 16;
constexpr std::uint32_t kDestinationPort = 2;

}  // namespace

NftRule::NftRule(const std::string& table, const std::string& chain) : rule_(nftnl_rule_alloc()) {
  if (!rule_) throw SysError(ENOMEM, "cannot build a firewall rule");
  nftnl_rule_set_u32(rule_.get(), NFTNL_RULE_FAMILY, NFPROTO_INET);
  nftnl_rule_set_str(rule_.get(), NFTNL_RULE_TABLE, table.c_str());
  nftnl_rule_set_str(rule_.get(), NFTNL_RULE_CHAIN, chain.c_str());
}

nftnl_expr* NftRule::add(const char* name) {
  nftnl_expr* expression = nftnl_expr_alloc(name);
  if (expression == nullptr) throw SysError(ENOMEM, "cannot build a firewall rule");
  nftnl_rule_add_expr(rule_.get(), expression);
  return expression;
}

void NftRule::compare(std::uint32_t operation, const void* data, std::size_t size) {
  nftnl_expr* expression = add("cmp");
  nftnl_expr_set_u32(expression, NFTNL_EXPR_CMP_SREG, kFirst);
  nftnl_expr_set_u32(expression, NFTNL_EXPR_CMP_OP, operation);
  nftnl_expr_set(expression, NFTNL_EXPR_CMP_DATA, data, static_cast<std::uint32_t>(size));
}

void NftRule::interface(std::uint32_t key, Match match, const std::string& name) {
  nftnl_expr* expression = add("meta");
  nftnl_expr_set_u32(expression, NFTNL_EXPR_META_KEY, key);
  nftnl_expr_set_u32(expression, NFTNL_EXPR_META_DREG, kFirst);
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

NftRule& NftRule::is_ipv4() {
  nftnl_expr* expression = add("meta");
  nftnl_expr_set_u32(expression, NFTNL_EXPR_META_KEY, NFT_META_NFPROTO);
  nftnl_expr_set_u32(expression, NFTNL_EXPR_META_DREG, kFirst);
  const std::uint8_t family = NFPROTO_IPV4;
  compare(NFT_CMP_EQ, &family, sizeof(family));
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
void NftRule::mask(std::uint32_t bits) {
  nftnl_expr* expression = add("bitwise");
  const std::uint32_t zero = 0;
  nftnl_expr_set_u32(expression, NFTNL_EXPR_BITWISE_SREG, kFirst);
  nftnl_expr_set_u32(expression, NFTNL_EXPR_BITWISE_DREG, kFirst);
  nftnl_expr_set_u32(expression, NFTNL_EXPR_BITWISE_LEN, sizeof(bits));
  nftnl_expr_set(expression, NFTNL_EXPR_BITWISE_MASK, &bits, sizeof(bits));
  nftnl_expr_set(expression, NFTNL_EXPR_BITWISE_XOR, &zero, sizeof(zero));
}

void NftRule::address_in(std::uint32_t header_offset, const Ipv4Subnet& subnet) {
  payload(NFT_PAYLOAD_NETWORK_HEADER, header_offset, sizeof(std::uint32_t), kFirst);
  mask(Ipv4Address{subnet.mask()}.network_order());
  const std::uint32_t base = subnet.base.network_order();
  compare(NFT_CMP_EQ, &base, sizeof(base));
}

NftRule& NftRule::source_in(const Ipv4Subnet& subnet) {
  address_in(kSourceAddress, subnet);
  return *this;
}

NftRule& NftRule::destination_in(const Ipv4Subnet& subnet) {
  address_in(kDestinationAddress, subnet);
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

NftRule& NftRule::destination_was_translated() {
  nftnl_expr* expression = add("ct");
  nftnl_expr_set_u32(expression, NFTNL_EXPR_CT_KEY, NFT_CT_STATUS);
  nftnl_expr_set_u32(expression, NFTNL_EXPR_CT_DREG, kFirst);
  mask(IPS_DST_NAT);
  const std::uint32_t zero = 0;
  compare(NFT_CMP_NEQ, &zero, sizeof(zero));
  return *this;
}

NftRule& NftRule::drop() {
  nftnl_expr* expression = add("immediate");
  nftnl_expr_set_u32(expression, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
  nftnl_expr_set_u32(expression, NFTNL_EXPR_IMM_VERDICT, NF_DROP);
  return *this;
}

NftRule& NftRule::masquerade() {
  add("masq");
  return *this;
}

NftRule& NftRule::redirect_by(const std::string& map, bool by_address) {
  if (by_address) payload(NFT_PAYLOAD_NETWORK_HEADER, kDestinationAddress, sizeof(std::uint32_t), kFirst);
  nftnl_expr* protocol = add("meta");
  nftnl_expr_set_u32(protocol, NFTNL_EXPR_META_KEY, NFT_META_L4PROTO);
  nftnl_expr_set_u32(protocol, NFTNL_EXPR_META_DREG, by_address ? kSecond : kFirst);
  payload(NFT_PAYLOAD_TRANSPORT_HEADER, kDestinationPort, sizeof(std::uint16_t), by_address ? kThird : kSecond);
  nftnl_expr* lookup = add("lookup");
  nftnl_expr_set_str(lookup, NFTNL_EXPR_LOOKUP_SET, map.c_str());
  nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_SREG, kFirst);
  nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_DREG, kFirst);
  nftnl_expr* nat = add("nat");
  nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT);
  nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_FAMILY, NFPROTO_IPV4);
  nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_REG_ADDR_MIN, kFirst);
  nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_REG_PROTO_MIN, kSecond);
  return *this;
}

}  // namespace minidock::network
