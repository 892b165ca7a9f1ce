// Tables, chains and sets of nf_tables as messages.
#pragma once

#include <linux/netfilter.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "network/nft_batch.h"
#include "network/nft_rule.h"

struct nftnl_chain;
struct nftnl_set;
struct nftnl_table;

namespace minidock::network {

struct NftTable {
  std::uint8_t family = NFPROTO_INET;
  std::string name;
  // "inet minidock", as nft calls it.
  std::string text() const;
};

// A base chain whose policy is to accept.
struct NftChain {
  const char* name;
  const char* type;
  std::uint32_t hook;
  int priority;
  std::vector<NftRule> rules;
};

// Types as nft numbers them, so that it lists sets readably.
namespace nft_type {
inline constexpr std::uint32_t kIpv4Address = 7;
inline constexpr std::uint32_t kIpv6Address = 8;
inline constexpr std::uint32_t kMacAddress = 9;
inline constexpr std::uint32_t kProtocol = 12;
inline constexpr std::uint32_t kPort = 13;
inline constexpr std::uint32_t kInterface = 41;
inline constexpr std::uint32_t kVerdict = 0xffffff00;
// Of a concatenation: `first` may be one itself.
constexpr std::uint32_t concatenated(std::uint32_t first, std::uint32_t second) { return (first << 6) | second; }
}  // namespace nft_type

struct NftSet {
  std::string name;
  std::uint32_t id;  // among the sets of one batch
  // And the sizes of a key and, for a map, of what it leads to: four bytes for each part of a concatenation.
  std::uint32_t key_type;
  std::uint32_t key_size;
  std::uint32_t data_type = 0;  // 0: no map
  std::uint32_t data_size = 0;
  std::uint32_t size = 0;  // ENFILE beyond; 0: no limit
  // A key of one part that is no number of the network's: without being told, nft lists it wrongly.
  bool has_host_order = false;
};

// ---- parts of a transaction

// type: NFT_MSG_NEWTABLE (one that is there stays as it is) or NFT_MSG_DELTABLE.
void add_table(NftBatch& batch, std::uint16_t type, const NftTable& table, std::uint16_t flags = 0);
void add_commented_table(NftBatch& batch, const NftTable& table, const std::string& comment);
void add_set(NftBatch& batch, const NftTable& table, const NftSet& set);
// With its rules.
void add_chain(NftBatch& batch, const NftTable& table, const NftChain& chain);
// One that hangs at no hook; one that is there stays as it is.
void add_plain_chain(NftBatch& batch, const NftTable& table, const std::string& chain);
// Behind those that are there.
void add_rule(NftBatch& batch, const NftTable& table, const NftRule& rule);
// NLM_F_NONREC: EBUSY for a chain with rules.
void delete_chain(NftBatch& batch, const NftTable& table, const std::string& chain, std::uint16_t flags);
void delete_set(NftBatch& batch, const NftTable& table, const std::string& set);
// The set stays.
void delete_elements(NftBatch& batch, const NftTable& table, const std::string& set);

// Elements of one set: collected, and sent in messages that are never too long.
class NftElements {
 public:
  NftElements(NftTable table, std::string set) : table_(std::move(table)), set_(std::move(set)) {}
  // `data`: what a map's key leads to; empty for a set, and for a deletion.
  void add(const std::string& key, const std::string& data = "") { elements_.push_back({key, data, ""}); }
  // Of a map to verdicts: a jump to this chain.
  void add_jump(const std::string& key, const std::string& chain) { elements_.push_back({key, "", chain}); }
  // type: NFT_MSG_NEWSETELEM or NFT_MSG_DELSETELEM.
  void put_into(NftBatch& batch, std::uint16_t type) const;

 private:
  struct Element {
    std::string key;
    std::string data;
    std::string chain;
  };
  NftTable table_;
  std::string set_;
  std::vector<Element> elements_;
};

// Bytes of a register.
inline constexpr std::uint32_t kNftRegister = 4;

// A part of a key or of what it leads to, padded to whole registers of four bytes.
std::string register_bytes(const void* part, std::size_t size);
// An interface's name as a part of a key.
std::string interface_bytes(const std::string& name);

// ---- questions, and what their answers say; an empty answer is an object that is not there

void ask_for_table(NftQuestions& questions, const NftTable& table);
void ask_for_chain(NftQuestions& questions, const NftTable& table, const char* chain);
bool is_table_with_comment(const std::vector<char>& answer, const std::string& comment);
// By the number of its rules: `nft flush table` leaves empty chains.
bool is_whole_chain(const std::vector<char>& answer, const NftChain& wanted);
// The number of its rules, and of the jumps to it.
std::size_t uses_of_chain(const std::vector<char>& answer);
// Whether it hangs at this hook (NF_INET_*) with a policy of drop.
bool drops_by_default(const std::vector<char>& answer, std::uint32_t hook);

}  // namespace minidock::network
