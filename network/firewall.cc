#include "network/firewall.h"

#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <span>

#include "base/error.h"
#include "network/bridge.h"
#include "network/firewall_internal.h"
#include "network/foreign_forward.h"

namespace minidock::network {

namespace {

// Raise it when rules change: a table of another version is built anew.
constexpr int kRulesetVersion = 5;
constexpr char kLoopback[] = "lo";
const IpPrefix kLoopbackSubnet = IpPrefix::of(Ipv4Subnet{{127U << 24}, 8});
const IpPrefix kIpv6Localhost = IpPrefix::of(Ipv6Subnet{{1}, 128});
// What neighbours speak to each other with, whatever their other addresses are.
const IpPrefix kLinkLocal = IpPrefix::of(link_local_subnet());
const IpPrefix kMulticast = IpPrefix::of(Ipv6Subnet{{Ipv6Address::Value{0xff} << 120}, 8});

void add_subnet_guards(NftChain& chain, const std::string& table, const FirewalledNetwork& network,
                       const IpPrefix& subnet) {
  const auto rule = [&]() -> NftRule& { return chain.rules.emplace_back(table, chain.name).is(subnet.family); };
  // A container is reached by its published ports, not by a route to its address that a neighbour makes for himself,
  // nor from another network. Connections to published ports still carry the host's address here. Without masquerade
  // answers come for the container's address: the forward chain tells them from the rest.
  if (network.masquerade || network.internal) {
    rule()
        .destination(Match::equal, subnet)
        .input_interface(Match::not_equal, network.interface)
        .input_interface(Match::not_equal, kLoopback)
        .drop();
  }
  // Not even the host's other addresses, whatever route a container gives itself.
  if (network.internal) {
    NftRule& made = rule().input_interface(Match::equal, network.interface).destination(Match::not_equal, subnet);
    if (subnet.family == IpFamily::ipv6) {
      made.destination(Match::not_equal, kLinkLocal).destination(Match::not_equal, kMulticast);
    }
    made.drop();
  }
  if (network.guarded) {
    NftRule& made = rule().input_interface(Match::equal, network.interface).source(Match::not_equal, subnet);
    if (subnet.family == IpFamily::ipv6) made.source(Match::not_equal, kLinkLocal);
    made.drop();
  }
}

NftChain raw_prerouting(const std::string& table, const std::vector<FirewalledNetwork>& networks) {
  NftChain chain{"raw_prerouting", "filter", NF_INET_PRE_ROUTING, NF_IP_PRI_RAW, {}};
  // Ports published on 127.0.0.1 and services of the host that listen there are for the host alone. A neighbour on the
  // wire may send to that address, and route_localnet on our bridge would let containers do it. IPv6's ::1 the kernel
  // itself takes from nobody.
  const auto rule = [&]() -> NftRule& {
    return chain.rules.emplace_back(table, chain.name).input_interface(Match::not_equal, kLoopback).is(IpFamily::ipv4);
  };
  rule().destination(Match::equal, kLoopbackSubnet).drop();
  rule().source(Match::equal, kLoopbackSubnet).drop();
  for (const FirewalledNetwork& network : networks) {
    for (const IpPrefix& subnet : network.subnets) add_subnet_guards(chain, table, network, subnet);
  }
  return chain;
}

bool has_ipv6(const std::vector<FirewalledNetwork>& networks) {
  return std::any_of(networks.begin(), networks.end(), [](const FirewalledNetwork& network) {
    return std::any_of(network.subnets.begin(), network.subnets.end(),
                       [](const IpPrefix& subnet) { return subnet.family == IpFamily::ipv6; });
  });
}

NftChain redirections(const std::string& table, const char* name, std::uint32_t hook,
                      const std::vector<FirewalledNetwork>& networks) {
  NftChain chain{name, "nat", hook, NF_IP_PRI_NAT_DST, {}};
  const auto rule = [&](IpFamily family) -> NftRule& {
    return chain.rules.emplace_back(table, chain.name).is(family).destination_is_local();
  };
  // Where the answers would not come back to ::1 (network/bridge.h), it is refused at once: clients that try
  // localhost's IPv6 address first go on with 127.0.0.1.
  const bool ipv6 = has_ipv6(networks);
  if (ipv6 && hook == NF_INET_LOCAL_OUT && !can_answer_to_ipv6_localhost()) {
    rule(IpFamily::ipv6).destination(Match::equal, kIpv6Localhost).refuse_by(IpFamily::ipv6, kPublished6);
  }
  for (const PortMaps& maps : kPortMaps) {
    if (maps.family == IpFamily::ipv6 && !ipv6) continue;
    rule(maps.family).redirect_by(maps.family, maps.on_address, true);
    rule(maps.family).redirect_by(maps.family, maps.everywhere, false);
  }
  return chain;
}

NftChain forward(const std::string& table, const std::vector<FirewalledNetwork>& networks) {
  NftChain chain{"forward", "filter", NF_INET_FORWARD, NF_IP_PRI_FILTER, {}};
  for (const FirewalledNetwork& network : networks) {
    const auto rule = [&](Match from, Match to) -> NftRule& {
      NftRule& made = chain.rules.emplace_back(table, chain.name);
      return made.input_interface(from, network.interface).output_interface(to, network.interface);
    };
    if (network.internal) {
      rule(Match::equal, Match::not_equal).drop();
      rule(Match::not_equal, Match::equal).drop();
    } else if (!network.masquerade) {
      rule(Match::not_equal, Match::equal).belongs_to_connection(false).destination_was_translated(false).drop();
    }
    // The bridge keeps them apart; a container may still send its neighbour's packets to the gateway.
    if (!network.icc) rule(Match::equal, Match::equal).drop();
  }
  return chain;
}

void add_masquerades(NftChain& chain, const std::string& table, const FirewalledNetwork& network,
                     const IpPrefix& subnet) {
  const auto from = [&](const IpPrefix& source) -> NftRule& {
    return chain.rules.emplace_back(table, chain.name).is(subnet.family).source(Match::equal, source);
  };
  // The host speaking to its own gateway address stays as it is: a service must not take it for 127.0.0.1.
  if (network.masquerade) {
    from(subnet)
        .output_interface(Match::not_equal, network.interface)
        .output_interface(Match::not_equal, kLoopback)
        .masquerade();
  }
  // localhost to a published port: the container could not answer to that.
  const IpPrefix& localhost = subnet.family == IpFamily::ipv4 ? kLoopbackSubnet : kIpv6Localhost;
  from(localhost).output_interface(Match::equal, network.interface).masquerade();
  // A container to a neighbour's (or its own) published port: the answer has to come back through the host.
  from(subnet).output_interface(Match::equal, network.interface).destination_was_translated().masquerade();
}

NftChain postrouting(const std::string& table, const std::vector<FirewalledNetwork>& networks) {
  NftChain chain{"postrouting", "nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC, {}};
  for (const FirewalledNetwork& network : networks) {
    for (const IpPrefix& subnet : network.subnets) add_masquerades(chain, table, network, subnet);
  }
  return chain;
}

std::vector<NftChain> all_chains(const std::string& table, const std::vector<FirewalledNetwork>& networks) {
  std::vector<NftChain> chains;
  chains.push_back(raw_prerouting(table, networks));
  chains.push_back(redirections(table, "prerouting", NF_INET_PRE_ROUTING, networks));
  chains.push_back(redirections(table, "output", NF_INET_LOCAL_OUT, networks));
  chains.push_back(forward(table, networks));
  chains.push_back(postrouting(table, networks));
  return chains;
}

// The tables' comment: for whom they are and which networks their rules are about.
std::string comment_for(const std::vector<FirewalledNetwork>& networks) {
  std::string facts = fmt::format("{}", kRulesetVersion);
  for (const FirewalledNetwork& network : networks) {
    facts += fmt::format(" {} {} {} {} {}", network.interface, network.internal, network.masquerade, network.icc,
                         network.guarded);
    for (const IpPrefix& subnet : network.subnets) facts += " " + subnet.text;
  }
  return fmt::format("minidock: rules {:016x}", std::hash<std::string>{}(facts));
}

void add_maps(NftBatch& batch, const NftTable& table) {
  using nft_type::concatenated;
  std::uint32_t id = 0;
  for (const PortMaps& maps : kPortMaps) {
    const std::uint32_t address_type = maps.family == IpFamily::ipv4 ? nft_type::kIpv4Address : nft_type::kIpv6Address;
    const std::uint32_t address_size = maps.family == IpFamily::ipv4 ? 4 : 16;
    NftSet map{.name = maps.everywhere,
               .id = ++id,
               .key_type = concatenated(nft_type::kProtocol, nft_type::kPort),
               .key_size = 2 * kNftRegister,
               .data_type = concatenated(address_type, nft_type::kPort),
               .data_size = address_size + kNftRegister};
    add_set(batch, table, map);
    map.name = maps.on_address;
    map.id = ++id;
    map.key_type = concatenated(concatenated(address_type, nft_type::kProtocol), nft_type::kPort);
    map.key_size = address_size + 2 * kNftRegister;
    add_set(batch, table, map);
  }
}

}  // namespace

bool firewall_exists(const std::string& table) {
  NftQuestions questions;
  ask_for_table(questions, {NFPROTO_INET, table});
  return !questions.ask("look for table inet " + table)[0].empty();
}

bool firewall_is_ready(const std::string& table, const std::vector<FirewalledNetwork>& networks, bool restricts) {
  const NftTable main{NFPROTO_INET, table};
  const std::vector<NftChain> chains = all_chains(table, networks);
  const NftChain guard = guard_chain(table);
  NftQuestions questions;
  ask_for_table(questions, main);
  ask_for_table(questions, guard_table(table));
  ask_for_chain(questions, guard_table(table), guard.name);
  ask_for_chain(questions, user_table(table), kUserChain);
  for (const NftChain& chain : chains) ask_for_chain(questions, main, chain.name);
  ask_for_restrictions(questions, table);
  ask_for_foreign_forward(questions);
  const std::vector<std::vector<char>> answers = questions.ask("look at the tables " + table);
  const std::string comment = comment_for(networks);
  if (!is_table_with_comment(answers[0], comment) || !is_table_with_comment(answers[1], comment)) return false;
  if (!is_whole_chain(answers[2], guard) || answers[3].empty()) return false;
  for (std::size_t i = 0; i < chains.size(); ++i) {
    if (!is_whole_chain(answers[i + 4], chains[i])) return false;
  }
  const std::span<const std::vector<char>> rest = std::span(answers).subspan(chains.size() + 4);
  if (restricts && !has_restrictions(table, rest.first(kRestrictionQuestions))) return false;
  return foreign_forward_is_ready(table, networks, rest.last(kForeignForwardQuestions));
}

void build_firewall(const std::string& table, const std::vector<FirewalledNetwork>& networks,
                    const FirewallContent& content) {
  const NftTable main{NFPROTO_INET, table};
  const std::string comment = comment_for(networks);
  NftBatch batch;
  for (const NftTable& old : {main, guard_table(table)}) {
    // Making it first lets the deletion succeed when there was none.
    add_table(batch, NFT_MSG_NEWTABLE, old);
    add_table(batch, NFT_MSG_DELTABLE, old);
  }
  add_commented_table(batch, main, comment);
  add_maps(batch, main);
  for (const NftChain& chain : all_chains(table, networks)) add_chain(batch, main, chain);
  add_elements(batch, table, NFT_MSG_NEWSETELEM, content.publications);
  add_guard(batch, table, comment, content.endpoints);
  add_restrictions(batch, table, content.restricted);
  if (!has_user_chain(table)) add_user_chain(batch, table);
  const int err = batch.commit("build the tables " + table);
  if (err != 0) {
    throw SysError(err, fmt::format("cannot build nft tables inet {} and bridge {} (are nf_tables with the bridge "
                                    "family, nft_nat, nft_masq and nft_fib_inet available in this kernel?)",
                                    table, table));
  }
  accept_foreign_forward(table, networks);
}

void remove_firewall(const std::string& table, bool with_user_rules) {
  leave_foreign_forward(table);  // while the guards stand
  for (const NftTable& ours : {NftTable{NFPROTO_INET, table}, guard_table(table)}) {
    NftBatch batch;
    add_table(batch, NFT_MSG_DELTABLE, ours);
    const int err = batch.commit("remove table " + ours.text());
    if (err != 0 && err != ENOENT) throw SysError(err, "cannot remove nft table " + ours.text());
  }
  remove_user_table(table, with_user_rules);
}

}  // namespace minidock::network
