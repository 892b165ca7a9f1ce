#include "network/name_redirect.h"

#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>

#include "base/error.h"
#include "base/explain.h"
#include "base/netns_visit.h"
#include "network/ipv4.h"
#include "network/nft_batch.h"
#include "network/nft_objects.h"

namespace minidock::network {

namespace {

const NftTable kTable{NFPROTO_INET, "minidock-names"};

NftChain redirection(const NameRedirect& redirect) {
  const Ipv4Address address = stored_address(redirect.address, "address of the name server");
  NftChain chain{"output", "nat", NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST, {}};
  chain.rules.emplace_back(kTable.name, chain.name);
  chain.rules.back()
      .is(IpFamily::ipv4)
      .destination(Match::equal, IpPrefix::of(Ipv4Subnet{address, 32}))
      .is_to_port(redirect.port);
  chain.rules.back().redirect_to(address, redirect.server_port);
  return chain;
}

// The queries stay within the loopback interface.
NftChain without_tracking(const char* name, std::uint32_t hook) {
  NftChain chain{name, "filter", hook, NF_IP_PRI_RAW, {}};
  chain.rules.emplace_back(kTable.name, chain.name);
  NftRule& rule = chain.rules.back();
  hook == NF_INET_LOCAL_OUT ? rule.output_interface(Match::not_equal, "lo")
                            : rule.input_interface(Match::not_equal, "lo");
  rule.leave_untracked();
  return chain;
}

}  // namespace

void redirect_name_queries(const NameRedirect& redirect, int netns) {
  const explain::Step step("rule", [&] {
    return fmt::format("inside, {}:{} leads to port {} of the shim", redirect.address, redirect.port,
                       redirect.server_port);
  });
  NftBatch batch;
  add_table(batch, NFT_MSG_NEWTABLE, kTable);
  add_chain(batch, kTable, redirection(redirect));
  if (!redirect.tracks_all) {
    add_chain(batch, kTable, without_tracking("raw_output", NF_INET_LOCAL_OUT));
    add_chain(batch, kTable, without_tracking("raw_prerouting", NF_INET_PRE_ROUTING));
  }
  const NetnsVisit visit(netns);
  const int err = batch.commit("build table " + kTable.text());
  if (err != 0) throw SysError(err, "cannot redirect the container's name queries by nft table " + kTable.text());
}

}  // namespace minidock::network
