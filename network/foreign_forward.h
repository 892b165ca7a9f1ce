// Other programs' FORWARD chains. A packet has to pass every chain at the hook, and no table of ours can undo a drop:
// where `ip filter FORWARD` (iptables-nft's: docker, ufw, or an administrator's `iptables -P FORWARD DROP`) drops by
// default, our networks' packets need an accept there.
//
//   chain FORWARD { policy drop; …their rules…; jump MINIDOCK-FORWARD }
//   chain MINIDOCK-FORWARD { iifname minidock0 accept; oifname minidock0 accept; … }
//
// At the end: their rules decide first, and only what would have come to the policy is accepted. What is accepted there
// has our own chains before it or behind it all the same, whose drops count. Nothing is touched where the policy is to
// accept; a chain of another table whose policy is drop is its maker's decision, and left alone.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "network/firewall.h"
#include "network/nft_batch.h"

namespace minidock::network {

// Questions about the foreign chains, for the answers of which foreign_forward_is_ready() asks; so many of them.
inline constexpr std::size_t kForeignForwardQuestions = 2;
void ask_for_foreign_forward(NftQuestions& questions);

// Whether our networks' packets pass them. Asks once more where one drops by default.
bool foreign_forward_is_ready(const std::string& table, const std::vector<FirewalledNetwork>& networks,
                              std::span<const std::vector<char>> answers);

// Lets them pass; where nothing drops by default what we had there is taken away.
void accept_foreign_forward(const std::string& table, const std::vector<FirewalledNetwork>& networks);

// Takes away what is ours there. Safe when there is nothing.
void leave_foreign_forward(const std::string& table);

}  // namespace minidock::network
