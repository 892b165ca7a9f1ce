// The administrator's chain, docker's DOCKER-USER: `nft add rule inet minidock-user minidock-user tcp dport 8080 drop`.
//
// It stands before the translation of published ports (priority mangle, -150; dstnat is -100), so that its rules see
// the address and port that a client has asked for, and behind conntrack (-200), so that they may ask for `ct state`.
// Connections of the host itself never come by, as with docker's. Its table is his: made when it is missing, and not
// touched from then on, whatever happens to ours; he may also make it himself before we do.
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>

#include <cerrno>

#include "base/error.h"
#include "network/firewall_internal.h"

namespace minidock::network {

const char* const kUserChain = "minidock-user";

NftTable user_table(const std::string& table) { return {NFPROTO_INET, table + "-user"}; }

bool has_user_chain(const std::string& table) {
  NftQuestions questions;
  ask_for_chain(questions, user_table(table), kUserChain);
  return !questions.ask("look for the chain of table " + user_table(table).text())[0].empty();
}

void add_user_chain(NftBatch& batch, const std::string& table) {
  add_table(batch, NFT_MSG_NEWTABLE, user_table(table));
  add_chain(batch, user_table(table), {kUserChain, "filter", NF_INET_PRE_ROUTING, NF_IP_PRI_MANGLE, {}});
}

void remove_user_table(const std::string& table, bool with_rules) {
  NftBatch batch;
  // Without NLM_F_NONREC the kernel takes the content along.
  if (!with_rules) delete_chain(batch, user_table(table), kUserChain, NLM_F_NONREC);
  add_table(batch, NFT_MSG_DELTABLE, user_table(table), with_rules ? 0 : NLM_F_NONREC);
  const int err = batch.commit("remove table " + user_table(table).text());
  const bool is_kept = !with_rules && err == EBUSY;
  if (err != 0 && err != ENOENT && !is_kept) {
    throw SysError(err, "cannot remove nft table " + user_table(table).text());
  }
}

}  // namespace minidock::network
