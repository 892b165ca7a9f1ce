#include "network/firewall.h"

#include <fmt/format.h>
#include <libnftnl/chain.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>

#include "base/error.h"
#include "network/firewall_internal.h"
#include "network/nft_rule.h"

namespace minidock::network {

namespace {

// Raise it when rules change: a table of another version is built anew.
constexpr int kRulesetVersion = 2;
constexpr char kLoopback[] = "lo";
const Ipv4Subnet kLoopbackSubnet{{127U << 24}, 8};

template <typename Object, void (*free_object)(const Object*)>
struct Free {
  void operator()(const Object* object) const { free_object(object); }
};
using Table = std::unique_ptr<nftnl_table, Free<nftnl_table, nftnl_table_free>>;
using ChainObject = std::unique_ptr<nftnl_chain, Free<nftnl_chain, nftnl_chain_free>>;
using Set = std::unique_ptr<nftnl_set, Free<nftnl_set, nftnl_set_free>>;

struct Chain {
  const char* name;
  const char* type;
  std::uint32_t hook;
  int priority;
  std::vector<NftRule> rules;
};

Chain raw_prerouting(const std::string& table, const std::vector<FirewalledNetwork>& networks) {
  Chain chain{"raw_prerouting", "filter", NF_INET_PRE_ROUTING, NF_IP_PRI_RAW, {}};
  // Ports published on 127.0.0.1 and services of the host that listen there are for the host alone. A neighbour on the
  // wire may send to that address, and route_localnet on our bridge would let containers do it.
  chain.rules.emplace_back(table, chain.name);
  chain.rules.back().input_interface(Match::not_equal, kLoopback).is_ipv4().destination_in(kLoopbackSubnet).drop();
  chain.rules.emplace_back(table, chain.name);
  chain.rules.back().input_interface(Match::not_equal, kLoopback).is_ipv4().source_in(kLoopbackSubnet).drop();
  // A container is reached by its published ports, not by a route to its address that a neighbour makes for himself.
  // Connections to published ports still carry the host's address here.
  for (const FirewalledNetwork& network : networks) {
    chain.rules.emplace_back(table, chain.name);
    chain.rules.back().is_ipv4().destination_in(network.subnet);
    chain.rules.back().input_interface(Match::not_equal, network.interface);
    chain.rules.back().input_interface(Match::not_equal, kLoopback).drop();
  }
  return chain;
}

Chain redirections(const std::string& table, const char* name, std::uint32_t hook) {
  Chain chain{name, "nat", hook, NF_IP_PRI_NAT_DST, {}};
  chain.rules.emplace_back(table, chain.name);
  chain.rules.back().is_ipv4().destination_is_local().redirect_by(kPublishedOnAddress, true);
  chain.rules.emplace_back(table, chain.name);
  chain.rules.back().is_ipv4().destination_is_local().redirect_by(kPublished, false);
  return chain;
}

Chain forward(const std::string& table, const std::vector<FirewalledNetwork>& networks) {
  Chain chain{"forward", "filter", NF_INET_FORWARD, NF_IP_PRI_FILTER, {}};
  for (const FirewalledNetwork& network : networks) {
    if (!network.internal) continue;
    chain.rules.emplace_back(table, chain.name);
    chain.rules.back().input_interface(Match::equal, network.interface);
    chain.rules.back().output_interface(Match::not_equal, network.interface).drop();
    chain.rules.emplace_back(table, chain.name);
    chain.rules.back().input_interface(Match::not_equal, network.interface);
    chain.rules.back().output_interface(Match::equal, network.interface).drop();
  }
  return chain;
}

Chain postrouting(const std::string& table, const std::vector<FirewalledNetwork>& networks) {
  Chain chain{"postrouting", "nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC, {}};
  for (const FirewalledNetwork& network : networks) {
    if (network.masquerade) {
      chain.rules.emplace_back(table, chain.name);
      chain.rules.back().is_ipv4().source_in(network.subnet).output_interface(Match::not_equal, network.interface);
      // The host speaking to its own gateway address stays as it is: a service must not take it for 127.0.0.1.
      chain.rules.back().output_interface(Match::not_equal, kLoopback).masquerade();
    }
    // localhost to a published port: the container could not answer to 127.0.0.1.
    chain.rules.emplace_back(table, chain.name);
    chain.rules.back().is_ipv4().source_in(kLoopbackSubnet).output_interface(Match::equal, network.interface);
    chain.rules.back().masquerade();
    // A container to a neighbour's (or its own) published port: the answer has to come back through the host.
    chain.rules.emplace_back(table, chain.name);
    chain.rules.back().is_ipv4().source_in(network.subnet).output_interface(Match::equal, network.interface);
    chain.rules.back().destination_was_translated().masquerade();
  }
  return chain;
}

std::vector<Chain> all_chains(const std::string& table, const std::vector<FirewalledNetwork>& networks) {
  std::vector<Chain> chains;
  chains.push_back(raw_prerouting(table, networks));
  chains.push_back(redirections(table, "prerouting", NF_INET_PRE_ROUTING));
  chains.push_back(redirections(table, "output", NF_INET_LOCAL_OUT));
  chains.push_back(forward(table, networks));
  chains.push_back(postrouting(table, networks));
  return chains;
}

// The table's comment: for whom it is and which networks its rules are about.
std::string comment_for(const std::vector<FirewalledNetwork>& networks) {
  std::string facts = fmt::format("{}", kRulesetVersion);
  for (const FirewalledNetwork& network : networks) {
    facts +=
        fmt::format(" {} {} {} {}", network.interface, network.subnet.text(), network.internal, network.masquerade);
  }
  return fmt::format("minidock: rules {:016x}", std::hash<std::string>{}(facts));
}

Table table_object(const std::string& name) {
  Table table(nftnl_table_alloc());
  if (!table) throw SysError(ENOMEM, "cannot build the firewall");
  nftnl_table_set_u32(table.get(), NFTNL_TABLE_FAMILY, NFPROTO_INET);
  nftnl_table_set_str(table.get(), NFTNL_TABLE_NAME, name.c_str());
  return table;
}

void add_table(NftBatch& batch, std::uint16_t type, const nftnl_table* table) {
  batch.add(type, type == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0,
            [&](nlmsghdr* header) { nftnl_table_nlmsg_build_payload(header, table); });
}

Table commented_table(const std::string& name, const std::string& comment) {
  Table table = table_object(name);
  nftnl_udata_buf* data = nftnl_udata_buf_alloc(256);
  if (data == nullptr) throw SysError(ENOMEM, "cannot build the firewall");
  nftnl_udata_put_strz(data, NFTNL_UDATA_TABLE_COMMENT, comment.c_str());
  nftnl_table_set_data(table.get(), NFTNL_TABLE_USERDATA, nftnl_udata_buf_data(data), nftnl_udata_buf_len(data));
  nftnl_udata_buf_free(data);
  return table;
}

void add_map(NftBatch& batch, const std::string& table, const char* name, std::uint32_t id, std::uint32_t key_type,
             std::uint32_t key_size) {
  // Types as nft numbers them (six bits for each part of a concatenation), so that it lists the map readably.
  constexpr std::uint32_t kTargetType = (7 << 6) | 13;
  const Set set(nftnl_set_alloc());
  if (!set) throw SysError(ENOMEM, "cannot build the firewall");
  nftnl_set_set_u32(set.get(), NFTNL_SET_FAMILY, NFPROTO_INET);
  nftnl_set_set_str(set.get(), NFTNL_SET_TABLE, table.c_str());
  nftnl_set_set_str(set.get(), NFTNL_SET_NAME, name);
  nftnl_set_set_u32(set.get(), NFTNL_SET_ID, id);
  nftnl_set_set_u32(set.get(), NFTNL_SET_FLAGS, NFT_SET_MAP);
  nftnl_set_set_u32(set.get(), NFTNL_SET_KEY_TYPE, key_type);
  nftnl_set_set_u32(set.get(), NFTNL_SET_KEY_LEN, key_size);
  nftnl_set_set_u32(set.get(), NFTNL_SET_DATA_TYPE, kTargetType);
  nftnl_set_set_u32(set.get(), NFTNL_SET_DATA_LEN, kTargetSize);
  batch.add(NFT_MSG_NEWSET, NLM_F_CREATE, [&](nlmsghdr* header) { nftnl_set_nlmsg_build_payload(header, set.get()); });
}

void add_maps(NftBatch& batch, const std::string& table) {
  constexpr std::uint32_t kProtocolAndPort = (12 << 6) | 13;
  constexpr std::uint32_t kAddressProtocolAndPort = (7 << 12) | kProtocolAndPort;
  add_map(batch, table, kPublished, 1, kProtocolAndPort, kPublishedKey);
  add_map(batch, table, kPublishedOnAddress, 2, kAddressProtocolAndPort, kPublishedOnAddressKey);
}

ChainObject chain_object(const std::string& table, const char* name) {
  ChainObject chain(nftnl_chain_alloc());
  if (!chain) throw SysError(ENOMEM, "cannot build the firewall");
  nftnl_chain_set_u32(chain.get(), NFTNL_CHAIN_FAMILY, NFPROTO_INET);
  nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_TABLE, table.c_str());
  nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_NAME, name);
  return chain;
}

void add_chain(NftBatch& batch, const std::string& table, const Chain& chain) {
  const ChainObject object = chain_object(table, chain.name);
  nftnl_chain_set_str(object.get(), NFTNL_CHAIN_TYPE, chain.type);
  nftnl_chain_set_u32(object.get(), NFTNL_CHAIN_HOOKNUM, chain.hook);
  nftnl_chain_set_s32(object.get(), NFTNL_CHAIN_PRIO, chain.priority);
  nftnl_chain_set_u32(object.get(), NFTNL_CHAIN_POLICY, NF_ACCEPT);
  batch.add(NFT_MSG_NEWCHAIN, NLM_F_CREATE,
            [&](nlmsghdr* header) { nftnl_chain_nlmsg_build_payload(header, object.get()); });
  for (const NftRule& rule : chain.rules) {
    batch.add(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND,
              [&](nlmsghdr* header) { nftnl_rule_nlmsg_build_payload(header, rule.get()); });
  }
}

bool is_wanted_table(const std::vector<char>& answer, const std::string& name, const std::string& comment) {
  if (answer.empty()) return false;
  const Table found = table_object(name);
  if (nftnl_table_nlmsg_parse(reinterpret_cast<const nlmsghdr*>(answer.data()), found.get()) < 0) return false;
  const Table wanted = commented_table(name, comment);
  std::uint32_t found_size = 0;
  std::uint32_t wanted_size = 0;
  const void* found_data = nftnl_table_get_data(found.get(), NFTNL_TABLE_USERDATA, &found_size);
  const void* wanted_data = nftnl_table_get_data(wanted.get(), NFTNL_TABLE_USERDATA, &wanted_size);
  return found_data != nullptr && found_size == wanted_size && std::memcmp(found_data, wanted_data, found_size) == 0;
}

// By the number of its rules: `nft flush table` leaves empty chains.
bool is_whole_chain(const std::vector<char>& answer, const Chain& wanted) {
  if (answer.empty()) return false;
  const ChainObject found(nftnl_chain_alloc());
  if (nftnl_chain_nlmsg_parse(reinterpret_cast<const nlmsghdr*>(answer.data()), found.get()) < 0) return false;
  return nftnl_chain_get_u32(found.get(), NFTNL_CHAIN_USE) == wanted.rules.size();
}

}  // namespace

bool firewall_exists(const std::string& table) {
  NftQuestions questions;
  const Table object = table_object(table);
  questions.add(NFT_MSG_GETTABLE, 0, [&](nlmsghdr* header) { nftnl_table_nlmsg_build_payload(header, object.get()); });
  return !questions.ask("look for table inet " + table)[0].empty();
}

bool firewall_is_ready(const std::string& table, const std::vector<FirewalledNetwork>& networks) {
  const std::vector<Chain> chains = all_chains(table, networks);
  NftQuestions questions;
  const Table object = table_object(table);
  questions.add(NFT_MSG_GETTABLE, 0, [&](nlmsghdr* header) { nftnl_table_nlmsg_build_payload(header, object.get()); });
  for (const Chain& chain : chains) {
    const ChainObject wanted = chain_object(table, chain.name);
    questions.add(NFT_MSG_GETCHAIN, 0,
                  [&](nlmsghdr* header) { nftnl_chain_nlmsg_build_payload(header, wanted.get()); });
  }
  const std::vector<std::vector<char>> answers = questions.ask("look at table inet " + table);
  if (!is_wanted_table(answers[0], table, comment_for(networks))) return false;
  for (std::size_t i = 0; i < chains.size(); ++i) {
    if (!is_whole_chain(answers[i + 1], chains[i])) return false;
  }
  return true;
}

void build_firewall(const std::string& table, const std::vector<FirewalledNetwork>& networks,
                    const std::vector<Publication>& publications) {
  NftBatch batch;
  // Making it first lets the deletion succeed when there was none.
  add_table(batch, NFT_MSG_NEWTABLE, table_object(table).get());
  add_table(batch, NFT_MSG_DELTABLE, table_object(table).get());
  add_table(batch, NFT_MSG_NEWTABLE, commented_table(table, comment_for(networks)).get());
  add_maps(batch, table);
  for (const Chain& chain : all_chains(table, networks)) add_chain(batch, table, chain);
  add_elements(batch, table, NFT_MSG_NEWSETELEM, publications);
  const int err = batch.commit("build table inet " + table);
  if (err != 0) {
    throw SysError(err, fmt::format("cannot build nft table inet {} (are nf_tables, nft_nat, nft_masq and nft_fib_inet "
                                    "available in this kernel?)",
                                    table));
  }
}

void remove_firewall(const std::string& table) {
  NftBatch batch;
  add_table(batch, NFT_MSG_DELTABLE, table_object(table).get());
  const int err = batch.commit("remove table inet " + table);
  if (err != 0 && err != ENOENT) throw SysError(err, fmt::format("cannot remove nft table inet {}", table));
}

}  // namespace minidock::network
