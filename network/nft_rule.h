// One rule of nf_tables, built from the kernel's expressions. Values go through registers of four bytes, which nft
// numbers so: NFT_REG_1 is the first, NFT_REG32_01 the second and so on.
#pragma once

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>

#include <cstdint>
#include <memory>
#include <string>

#include "network/ip_prefix.h"

namespace minidock::network {

// How an interface's name or a packet's address is compared.
enum class Match { equal, not_equal };

class NftRule {
 public:
  NftRule(const std::string& table, const std::string& chain);

  // Conditions: the rule ends where one does not hold.
  NftRule& input_interface(Match match, const std::string& name);
  NftRule& output_interface(Match match, const std::string& name);
  NftRule& is(IpFamily family);
  // After is() of the same family. `match`: whether the address has to lie in the subnet or outside.
  NftRule& source(Match match, const IpPrefix& subnet);
  NftRule& destination(Match match, const IpPrefix& subnet);
  NftRule& destination_is_local();
  NftRule& destination_was_translated(bool was = true);
  NftRule& belongs_to_connection(bool does = true);                  // established or related
  NftRule& destination_in(IpFamily family, const std::string& set);  // after is() of the same family
  NftRule& is_of(const std::string& protocol);                       // "tcp", "udp", "sctp"
  NftRule& is_to_ports(std::uint16_t first, std::uint16_t last);     // after is_of()
  NftRule& is_udp_to(std::uint16_t port);
  // Of tcp, udp or sctp; the rule ends where there is no port to be seen.
  NftRule& is_to_port(std::uint16_t port, Match match = Match::equal);
  NftRule& is_icmpv6(std::uint8_t type);

  // Conditions for frames that enter a bridge; the interface is its port.
  NftRule& input_interface_in(const std::string& set);
  NftRule& input_interface_not_in(const std::string& set);
  NftRule& is_frame_of(std::uint16_t ether_type);
  // (interface . sender's address of the packet or ARP message), after is_frame_of().
  NftRule& sender_in(IpFamily family, const std::string& set);
  NftRule& arp_sender_in(const std::string& set);
  // (interface . address that is said to be the sender's), after is_icmpv6() of a neighbour advertisement.
  NftRule& advertised_not_in(const std::string& set);

  // Statements.
  NftRule& accept();
  NftRule& drop();
  // With ICMP: "administratively prohibited".
  NftRule& refuse();
  // What the map has for (input interface . source address), after is() of the same family; else the rule ends.
  NftRule& verdict_by(IpFamily family, const std::string& map);
  // The frame is the host's own from here on. Its new destination is what the map has for the port by which it came, or
  // for the packet's destination, after is_frame_of() of the same family; else the rule ends.
  NftRule& lead_up_by_interface(const std::string& map);
  NftRule& lead_up_by_destination(IpFamily family, const std::string& map);
  NftRule& jump(const std::string& chain);
  NftRule& masquerade();
  NftRule& redirect_to(Ipv4Address address, std::uint16_t port);
  // Connection tracking, and with it translation, leaves the packet alone.
  NftRule& leave_untracked();
  // Redirects to the address and port that the map has for (protocol . port) or, with `by_address`, (destination
  // address . protocol . port); the rule ends where it has none.
  NftRule& redirect_by(IpFamily family, const std::string& map, bool by_address);
  // Resets TCP connections to what the map has for (protocol . port).
  NftRule& refuse_by(IpFamily family, const std::string& map);

  nftnl_rule* get() const { return rule_.get(); }

 private:
  struct Free {
    void operator()(nftnl_rule* rule) const { nftnl_rule_free(rule); }
  };

  nftnl_expr* add(const char* name);
  void meta(std::uint32_t key, std::uint32_t target);
  void compare(std::uint32_t operation, const void* data, std::size_t size);
  void interface(std::uint32_t key, Match match, const std::string& name);
  void payload(std::uint32_t base, std::uint32_t offset, std::uint32_t size, std::uint32_t target);
  void mask(const std::string& bits);
  void look_up(const std::string& set, bool inverted);
  void take_from(const std::string& map, std::uint32_t target);
  void lead_up();
  void load_interface_and(std::uint32_t base, std::uint32_t offset, std::uint32_t size);
  void load(std::uint32_t target, const void* data, std::uint32_t size);
  void verdict(std::uint32_t value);
  void address(std::uint32_t header_offset, Match match, const IpPrefix& subnet);
  void map_lookup(IpFamily family, const std::string& map, bool by_address);
  void translate_destination(IpFamily family);
  void connection(std::uint32_t key, std::uint32_t bits, std::uint32_t operation);

  std::unique_ptr<nftnl_rule, Free> rule_;
};

}  // namespace minidock::network
