#include "network/firewall.h"

#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>

#include <cerrno>
#include <functional>
#include <span>

#include "base/error.h"
#include "network/firewall_internal.h"
#include "network/foreign_forward.h"

namespace minidock::network {

namespace {

// Raise it when rules change: a table of another version is built anew.
constexpr int kRulesetVersion = 3;
constexpr char kLoopback[] = "lo";
const Ipv4Subnet kLoopbackSubnet{{127U << 24}, 8};

NftChain raw_prerouting(const std::string& table, const std::vector<FirewalledNetwork>& networks) {
  NftChain chain{"raw_prerouting", "filter", NF_INET_PRE_ROUTING, NF_IP_PRI_RAW, {}};
  // Ports published on 127.0.0.1 and services of the host that listen there are for the host alone. A neighbour on the
  // wire may send to that address, and route_localnet on our bridge would let containers do it.
  chain.rules.emplace_back(table, chain.name);
  chain.rules.back()
      .input_interface(Match::not_equal, kLoopback)
      .is_ipv4()
      .destination(Match::equal, kLoopbackSubnet)
      .drop();
  chain.rules.emplace_back(table, chain.name);
  chain.rules.back()
      .input_interface(Match::not_equal, kLoopback)
      .is_ipv4()
      .source(Match::equal, kLoopbackSubnet)
      .drop();
  for (const FirewalledNetwork& network : networks) {
    const auto rule = [&]() -> NftRule& { return chain.rules.emplace_back(table, chain.name).is_ipv4(); };
    // A container is reached by its published ports, not by a route to its address that a neighbour makes for himself,
    // nor from another network. Connections to published ports still carry the host's address here. Without masquerade
    // answers come for the container's address: the forward chain tells them from the rest.
    if (network.masquerade || network.internal) {
      rule()
          .destination(Match::equal, network.subnet)
          .input_interface(Match::not_equal, network.interface)
          .input_interface(Match::not_equal, kLoopback)
          .drop();
    }
    // Not even the host's other addresses, whatever route a container gives itself.
    if (network.internal) {
      rule().input_interface(Match::equal, network.interface).destination(Match::not_equal, network.subnet).drop();
    }
    if (network.guarded) {
      rule().input_interface(Match::equal, network.interface).source(Match::not_equal, network.subnet).drop();
    }
  }
  return chain;
}

NftChain redirections(const std::string& table, const char* name, std::uint32_t hook) {
  NftChain chain{name, "nat", hook, NF_IP_PRI_NAT_DST, {}};
  chain.rules.emplace_back(table, chain.name);
  chain.rules.back().is_ipv4().destination_is_local().redirect_by(kPublishedOnAddress, true);
  chain.rules.emplace_back(table, chain.name);
  chain.rules.back().is_ipv4().destination_is_local().redirect_by(kPublished, false);
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
      rule(Match::not_equal, Match::equal).belongs_to_no_connection().destination_was_translated(false).drop();
    }
    // The bridge keeps them apart; a container may still send its neighbour's packets to the gateway.
    if (!network.icc) rule(Match::equal, Match::equal).drop();
  }
  return chain;
}

NftChain postrouting(const std::string& table, const std::vector<FirewalledNetwork>& networks) {
  NftChain chain{"postrouting", "nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC, {}};
  for (const FirewalledNetwork& network : networks) {
    if (network.masquerade) {
      chain.rules.emplace_back(table, chain.name);
      chain.rules.back()
          .is_ipv4()
          .source(Match::equal, network.subnet)
          .output_interface(Match::not_equal, network.interface);
      // The host speaking to its own gateway address stays as it is: a service must not take it for 127.0.0.1.
      chain.rules.back().output_interface(Match::not_equal, kLoopback).masquerade();
    }
    // localhost to a published port: the container could not answer to 127.0.0.1.
    chain.rules.emplace_back(table, chain.name);
    chain.rules.back()
        .is_ipv4()
        .source(Match::equal, kLoopbackSubnet)
        .output_interface(Match::equal, network.interface);
    chain.rules.back().masquerade();
    // A container to a neighbour's (or its own) published port: the answer has to come back through the host.
    chain.rules.emplace_back(table, chain.name);
    chain.rules.back().is_ipv4().source(Match::equal, network.subnet).output_interface(Match::equal, network.interface);
    chain.rules.back().destination_was_translated().masquerade();
  }
  return chain;
}

std::vector<NftChain> all_chains(const std::string& table, const std::vector<FirewalledNetwork>& networks) {
  std::vector<NftChain> chains;
  chains.push_back(raw_prerouting(table, networks));
  chains.push_back(redirections(table, "prerouting", NF_INET_PRE_ROUTING));
  chains.push_back(redirections(table, "output", NF_INET_LOCAL_OUT));
  chains.push_back(forward(table, networks));
  chains.push_back(postrouting(table, networks));
  return chains;
}

// The tables' comment: for whom they are and which networks their rules are about.
std::string comment_for(const std::vector<FirewalledNetwork>& networks) {
  std::string facts = fmt::format("{}", kRulesetVersion);
  for (const FirewalledNetwork& network : networks) {
    facts += fmt::format(" {} {} {} {} {} {}", network.interface, network.subnet.text(), network.internal,
                         network.masquerade, network.icc, network.guarded);
  }
  return fmt::format("minidock: rules {:016x}", std::hash<std::string>{}(facts));
}

void add_maps(NftBatch& batch, const NftTable& table) {
  constexpr std::uint32_t kProtocolAndPort = (12 << 6) | 13;
  constexpr std::uint32_t kAddressProtocolAndPort = (7 << 12) | kProtocolAndPort;
  constexpr std::uint32_t kTargetType = (7 << 6) | 13;
  add_set(batch, table,
          {.name = kPublished,
           .id = 1,
           .key_type = kProtocolAndPort,
           .key_size = kPublishedKey,
           .data_type = kTargetType,
           .data_size = kTargetSize});
  add_set(batch, table,
          {.name = kPublishedOnAddress,
           .id = 2,
           .key_type = kAddressProtocolAndPort,
           .key_size = kPublishedOnAddressKey,
           .data_type = kTargetType,
           .data_size = kTargetSize});
}

}  // namespace

bool firewall_exists(const std::string& table) {
  NftQuestions questions;
  ask_for_table(questions, {NFPROTO_INET, table});
  return !questions.ask("look for table inet " + table)[0].empty();
}

bool firewall_is_ready(const std::string& table, const std::vector<FirewalledNetwork>& networks) {
  const NftTable main{NFPROTO_INET, table};
  const std::vector<NftChain> chains = all_chains(table, networks);
  const NftChain guard = guard_chain(table);
  NftQuestions questions;
  ask_for_table(questions, main);
  ask_for_table(questions, guard_table(table));
  ask_for_chain(questions, guard_table(table), guard.name);
  ask_for_chain(questions, user_table(table), kUserChain);
  for (const NftChain& chain : chains) ask_for_chain(questions, main, chain.name);
  ask_for_foreign_forward(questions);
  const std::vector<std::vector<char>> answers = questions.ask("look at the tables " + table);
  const std::string comment = comment_for(networks);
  if (!is_table_with_comment(answers[0], comment) || !is_table_with_comment(answers[1], comment)) return false;
  if (!is_whole_chain(answers[2], guard) || answers[3].empty()) return false;
  for (std::size_t i = 0; i < chains.size(); ++i) {
    if (!is_whole_chain(answers[i + 4], chains[i])) return false;
  }
  return foreign_forward_is_ready(table, networks, std::span(answers).last(kForeignForwardQuestions));
}

void build_firewall(const std::string& table, const std::vector<FirewalledNetwork>& networks,
                    const std::vector<Publication>& publications, const std::vector<GuardedEndpoint>& endpoints) {
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
  add_elements(batch, table, NFT_MSG_NEWSETELEM, publications);
  add_guard(batch, table, comment, endpoints);
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
