// What the firewall's tables and their elements share.
#pragma once

#include <string>
#include <vector>

#include "network/firewall.h"
#include "network/nft_objects.h"

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

// "0.0.0.0:8080/tcp, …", for messages.
std::string port_list(const std::vector<PublishedPort>& ports);

// What the errno of a transaction that publishes means to who asked for it.
[[noreturn]] void throw_publish_error(int err, const std::string& table, const std::vector<PublishedPort>& ports);

// ---- endpoint_guard.cc

NftTable guard_table(const std::string& table);
NftChain guard_chain(const std::string& table);
void add_guard(NftBatch& batch, const std::string& table, const std::string& comment,
               const std::vector<GuardedEndpoint>& endpoints);

// The errno of the transaction: ENOENT without the table, ENFILE when the sets are full.
int add_guarded_endpoint(const std::string& table, const GuardedEndpoint& endpoint);

// ---- user_chain.cc

NftTable user_table(const std::string& table);
extern const char* const kUserChain;
bool has_user_chain(const std::string& table);
// Table, when it is missing, and chain.
void add_user_chain(NftBatch& batch, const std::string& table);
// Whatever is in it, or only when nothing is.
void remove_user_table(const std::string& table, bool with_rules);

}  // namespace minidock::network
