// One rule of nf_tables, built from the kernel's expressions. Values go through registers of four bytes: 1 is the
// first, 9 the second, 10 the third (NFT_REG_1 and NFT_REG32_01, as nft itself numbers them).
#pragma once

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>

#include <cstdint>
#include <memory>
#include <string>

#include "network/ipv4.h"

namespace minidock::network {

// What an interface's name or a packet's address is compared with.
enum class Match { equal, not_equal };

class NftRule {
 public:
  NftRule(const std::string& table, const std::string& chain);

  // Conditions: the rule ends where one does not hold.
  NftRule& input_interface(Match match, const std::string& name);
  NftRule& output_interface(Match match, const std::string& name);
  NftRule& is_ipv4();
  NftRule& source_in(const Ipv4Subnet& subnet);       // after is_ipv4()
  NftRule& destination_in(const Ipv4Subnet& subnet);  // after is_ipv4()
  NftRule& destination_is_local();
  NftRule& destination_was_translated();

  // Statements.
  NftRule& drop();
  NftRule& masquerade();
  // Redirects to the address and port that the map has for (protocol . port) or, with `by_address`, (destination
  // address . protocol . port); the rule ends where it has none.
  NftRule& redirect_by(const std::string& map, bool by_address);

  nftnl_rule* get() const { return rule_.get(); }

 private:
  struct Free {
    void operator()(nftnl_rule* rule) const { nftnl_rule_free(rule); }
  };

  nftnl_expr* add(const char* name);
  void compare(std::uint32_t operation, const void* data, std::size_t size);
  void interface(std::uint32_t key, Match match, const std::string& name);
  void payload(std::uint32_t base, std::uint32_t offset, std::uint32_t size, std::uint32_t target);
  void mask(std::uint32_t bits);
  void address_in(std::uint32_t header_offset, const Ipv4Subnet& subnet);

  std::unique_ptr<nftnl_rule, Free> rule_;
};

}  // namespace minidock::network
