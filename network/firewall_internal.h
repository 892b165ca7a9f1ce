// What the firewall's ruleset and its map elements share.
#pragma once

#include <string>
#include <vector>

#include "network/firewall.h"
#include "network/nft_batch.h"

namespace minidock::network {

inline constexpr char kPublished[] = "published";
inline constexpr char kPublishedOnAddress[] = "published_on_address";

// Sizes of keys and of what they lead to: four bytes for each part.
inline constexpr std::uint32_t kPublishedKey = 8;
inline constexpr std::uint32_t kPublishedOnAddressKey = 12;
inline constexpr std::uint32_t kTargetSize = 8;

// Appends messages (NFT_MSG_NEWSETELEM or NFT_MSG_DELSETELEM) for all publications. A deletion ignores container_ip.
void add_elements(NftBatch& batch, const std::string& table, std::uint16_t type,
                  const std::vector<Publication>& publications);

}  // namespace minidock::network
