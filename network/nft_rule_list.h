// The rules of a table that others made: as much of them as is needed to find those that lead to a chain of ours.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "network/nft_objects.h"

namespace minidock::network {

struct ListedRule {
  std::string chain;
  std::uint64_t handle = 0;
  std::string jumps_to;  // "" of a rule that jumps nowhere
};

// Of all chains of the table, in their order; none of a table that is not there.
std::vector<ListedRule> list_rules(const NftTable& table);

// ---- parts of a transaction

void delete_rule(NftBatch& batch, const NftTable& table, const ListedRule& rule);
// All that are in the chain.
void delete_rules(NftBatch& batch, const NftTable& table, const std::string& chain);

}  // namespace minidock::network
