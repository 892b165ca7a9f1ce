#include "network/foreign_forward.h"

#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/error.h"
#include "base/explain.h"
#include "network/nft_objects.h"
#include "network/nft_rule_list.h"

namespace minidock::network {

namespace {

constexpr char kForward[] = "FORWARD";
constexpr std::array<std::uint8_t, kForeignForwardQuestions> kFamilies{NFPROTO_IPV4, NFPROTO_IPV6};
// Somebody may change the same rules between our look and our transaction.
constexpr int kAttempts = 10;

NftTable filter_table(std::uint8_t family) { return {family, "filter"}; }

// "MINIDOCK-FORWARD"; another instance's has the eight digits of its tables behind it. iptables takes 28 characters.
std::string chain_of(const std::string& table) {
  const std::size_t dash = table.find('-');
  return "MINIDOCK-FORWARD" + (dash == std::string::npos ? "" : table.substr(dash));
}

// Only what iptables can list (interfaces and verdicts): it refuses a whole table for one rule that it cannot.
std::vector<NftRule> rules_for(const std::string& chain, const std::vector<FirewalledNetwork>& networks) {
  std::vector<NftRule> rules;
  const auto rule = [&]() -> NftRule& { return rules.emplace_back("filter", chain); };
  for (const FirewalledNetwork& network : networks) {
    if (network.internal) {
      // Frames within the bridge, which come by where br_netfilter shows them to iptables.
      rule()
          .input_interface(Match::equal, network.interface)
          .output_interface(Match::equal, network.interface)
          .accept();
      continue;
    }
    rule().input_interface(Match::equal, network.interface).accept();
    rule().output_interface(Match::equal, network.interface).accept();
  }
  return rules;
}

bool is_jump_from_forward(const ListedRule& rule, const std::string& chain) {
  return rule.chain == kForward && rule.jumps_to == chain;
}

bool is_there(const NftTable& table, const std::string& chain) {
  NftQuestions questions;
  ask_for_chain(questions, table, chain.c_str());
  return !questions.ask(fmt::format("look for chain {} of table {}", chain, table.text()))[0].empty();
}

// False when somebody was faster: then all has to be looked at again.
bool try_accept(std::uint8_t family, const std::string& chain, const std::vector<FirewalledNetwork>& networks) {
  const NftTable table = filter_table(family);
  if (!is_there(table, kForward)) return true;
  const std::vector<ListedRule> listed = list_rules(table);
  const bool has_jump = std::any_of(listed.begin(), listed.end(),
                                    [&](const ListedRule& rule) { return is_jump_from_forward(rule, chain); });
  NftBatch batch;
  add_plain_chain(batch, table, chain);
  delete_rules(batch, table, chain);
  for (const NftRule& rule : rules_for(chain, networks)) add_rule(batch, table, rule);
  if (!has_jump) add_rule(batch, table, NftRule(table.name, kForward).jump(chain));
  const int err = batch.commit("accept our networks in table " + table.text());
  if (err == 0) return true;
  if (err == ENOENT) return false;
  throw SysError(err, fmt::format("cannot let containers' packets pass chain {} of nft table {}, whose policy is drop",
                                  kForward, table.text()));
}

bool try_leave(std::uint8_t family, const std::string& chain) {
  const NftTable table = filter_table(family);
  if (!is_there(table, chain)) return true;
  NftBatch batch;
  for (const ListedRule& rule : list_rules(table)) {
    if (rule.jumps_to == chain) delete_rule(batch, table, rule);
  }
  delete_chain(batch, table, chain, 0);
  const int err = batch.commit(fmt::format("remove chain {} of table {}", chain, table.text()));
  if (err == 0) return true;
  if (err == ENOENT || err == EBUSY) return false;
  throw SysError(err, fmt::format("cannot remove chain {} of nft table {}", chain, table.text()));
}

template <typename Try>
void retry(const NftTable& table, const Try& attempt) {
  for (int i = 0; i < kAttempts; ++i) {
    if (attempt()) return;
  }
  throw Error(ErrorKind::unavailable,
              fmt::format("nft table {} changes all the time: another program works on it", table.text()));
}

// Of each family: whether the foreign chain drops by default.
std::array<bool, kFamilies.size()> families_that_drop(std::span<const std::vector<char>> answers) {
  std::array<bool, kFamilies.size()> drops{};
  for (std::size_t i = 0; i < kFamilies.size(); ++i) drops[i] = drops_by_default(answers[i], NF_INET_FORWARD);
  return drops;
}

// Our chain in each family; empty for one that is not there.
std::vector<std::vector<char>> look_for_ours(const std::string& chain) {
  NftQuestions questions;
  for (const std::uint8_t family : kFamilies) ask_for_chain(questions, filter_table(family), chain.c_str());
  return questions.ask("look for the chains " + chain);
}

void leave(std::uint8_t family, const std::string& chain) {
  retry(filter_table(family), [&] { return try_leave(family, chain); });
}

}  // namespace

void ask_for_foreign_forward(NftQuestions& questions) {
  for (const std::uint8_t family : kFamilies) ask_for_chain(questions, filter_table(family), kForward);
}

bool foreign_forward_is_ready(const std::string& table, const std::vector<FirewalledNetwork>& networks,
                              std::span<const std::vector<char>> answers) {
  const auto drops = families_that_drop(answers);
  if (std::none_of(drops.begin(), drops.end(), [](bool drop) { return drop; })) return true;
  const std::string chain = chain_of(table);
  // Its rules, and the jump to it.
  const std::size_t least = rules_for(chain, networks).size() + 1;
  const std::vector<std::vector<char>> ours = look_for_ours(chain);
  for (std::size_t i = 0; i < kFamilies.size(); ++i) {
    if (drops[i] && uses_of_chain(ours[i]) < least) return false;
  }
  return true;
}

void accept_foreign_forward(const std::string& table, const std::vector<FirewalledNetwork>& networks) {
  NftQuestions questions;
  ask_for_foreign_forward(questions);
  const auto drops = families_that_drop(questions.ask("look for chains FORWARD that drop"));
  const std::string chain = chain_of(table);
  for (std::size_t i = 0; i < kFamilies.size(); ++i) {
    if (!drops[i]) {
      leave(kFamilies[i], chain);
      continue;
    }
    const NftTable foreign = filter_table(kFamilies[i]);
    const explain::Step step(
        "rule", [&] { return fmt::format("{} drops by default: accepted in its {}", foreign.text(), chain); });
    retry(foreign, [&] { return try_accept(kFamilies[i], chain, networks); });
  }
}

void leave_foreign_forward(const std::string& table) {
  const std::string chain = chain_of(table);
  for (const std::uint8_t family : kFamilies) leave(family, chain);
}

}  // namespace minidock::network
