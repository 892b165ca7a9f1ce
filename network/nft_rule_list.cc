#include "network/nft_rule_list.h"

#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_tables.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/fd.h"
#include "base/syscall.h"

namespace minidock::network {

namespace {

// A rule is shorter.
constexpr std::size_t kReceived = 64 * 1024;
constexpr int kDumpAttempts = 100;

struct FreeRule {
  void operator()(nftnl_rule* rule) const { nftnl_rule_free(rule); }
};
using RuleObject = std::unique_ptr<nftnl_rule, FreeRule>;

RuleObject rule_object(const NftTable& table) {
  RuleObject object(nftnl_rule_alloc());
  if (!object) throw SysError(ENOMEM, "cannot read the firewall");
  nftnl_rule_set_u32(object.get(), NFTNL_RULE_FAMILY, table.family);
  nftnl_rule_set_str(object.get(), NFTNL_RULE_TABLE, table.name.c_str());
  return object;
}

int find_jump(nftnl_expr* expression, void* target) {
  const std::string_view name = nftnl_expr_get_str(expression, NFTNL_EXPR_NAME);
  if (name != "immediate" || !nftnl_expr_is_set(expression, NFTNL_EXPR_IMM_CHAIN)) return 0;
  *static_cast<std::string*>(target) = nftnl_expr_get_str(expression, NFTNL_EXPR_IMM_CHAIN);
  return 0;
}

int take_rule(const nlmsghdr* message, void* rules) {
  const RuleObject object(nftnl_rule_alloc());
  if (!object || nftnl_rule_nlmsg_parse(message, object.get()) < 0) return MNL_CB_OK;
  ListedRule rule;
  rule.chain = nftnl_rule_get_str(object.get(), NFTNL_RULE_CHAIN);
  rule.handle = nftnl_rule_get_u64(object.get(), NFTNL_RULE_HANDLE);
  nftnl_expr_foreach(object.get(), find_jump, &rule.jumps_to);
  static_cast<std::vector<ListedRule>*>(rules)->push_back(std::move(rule));
  return MNL_CB_OK;
}

// Nothing when the rules changed meanwhile.
std::optional<std::vector<ListedRule>> try_list_rules(const NftTable& table) {
  std::vector<char> buffer(kReceived);
  constexpr unsigned kSequence = 1;
  nlmsghdr* question = nftnl_nlmsg_build_hdr(buffer.data(), NFT_MSG_GETRULE, table.family, NLM_F_DUMP, kSequence);
  nftnl_rule_nlmsg_build_payload(question, rule_object(table).get());
  const Fd socket = send_to_nftables(buffer, question->nlmsg_len, "list the rules of table " + table.text());
  std::vector<ListedRule> rules;
  for (;;) {
    const auto size = sys::checked([] { return std::string("recv(nf_tables)"); },
                                   [&] { return ::recv(socket.get(), buffer.data(), buffer.size(), 0); });
    const int result = mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), kSequence, 0, take_rule, &rules);
    if (result == MNL_CB_STOP) return rules;
    if (result < 0 && errno == EINTR) return std::nullopt;
    if (result < 0 && errno == ENOENT) return std::vector<ListedRule>{};
    if (result < 0) throw SysError("cannot list the rules of nft table " + table.text());
  }
}

}  // namespace

std::vector<ListedRule> list_rules(const NftTable& table) {
  for (int attempt = 0; attempt < kDumpAttempts; ++attempt) {
    if (std::optional<std::vector<ListedRule>> rules = try_list_rules(table)) return std::move(*rules);
  }
  throw Error(ErrorKind::unavailable,
              fmt::format("nft table {} changes all the time: another program works on it", table.text()));
}

namespace {

void add_deletion(NftBatch& batch, const NftTable& table, const std::string& chain, std::uint64_t handle) {
  const RuleObject object = rule_object(table);
  nftnl_rule_set_str(object.get(), NFTNL_RULE_CHAIN, chain.c_str());
  if (handle != 0) nftnl_rule_set_u64(object.get(), NFTNL_RULE_HANDLE, handle);
  batch.add(
      NFT_MSG_DELRULE, 0, [&](nlmsghdr* header) { nftnl_rule_nlmsg_build_payload(header, object.get()); },
      table.family);
}

}  // namespace

void delete_rule(NftBatch& batch, const NftTable& table, const ListedRule& rule) {
  add_deletion(batch, table, rule.chain, rule.handle);
}

void delete_rules(NftBatch& batch, const NftTable& table, const std::string& chain) {
  add_deletion(batch, table, chain, 0);
}

}  // namespace minidock::network
