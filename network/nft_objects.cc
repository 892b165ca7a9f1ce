#include "network/nft_objects.h"

#include <libnftnl/chain.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace minidock::network {

namespace {

// Elements of one message: its list has to stay below 64 KiB.
constexpr std::size_t kElementsPerMessage = 256;

template <typename Object, void (*free_object)(const Object*)>
struct Free {
  void operator()(const Object* object) const { free_object(object); }
};
using TableObject = std::unique_ptr<nftnl_table, Free<nftnl_table, nftnl_table_free>>;
using ChainObject = std::unique_ptr<nftnl_chain, Free<nftnl_chain, nftnl_chain_free>>;
using SetObject = std::unique_ptr<nftnl_set, Free<nftnl_set, nftnl_set_free>>;

[[noreturn]] void throw_out_of_memory() { throw SysError(ENOMEM, "cannot build the firewall"); }

TableObject table_object(const NftTable& table) {
  TableObject object(nftnl_table_alloc());
  if (!object) throw_out_of_memory();
  nftnl_table_set_u32(object.get(), NFTNL_TABLE_FAMILY, table.family);
  nftnl_table_set_str(object.get(), NFTNL_TABLE_NAME, table.name.c_str());
  return object;
}

void set_comment(nftnl_table* table, const std::string& comment) {
  nftnl_udata_buf* data = nftnl_udata_buf_alloc(256);
  if (data == nullptr) throw_out_of_memory();
  nftnl_udata_put_strz(data, NFTNL_UDATA_TABLE_COMMENT, comment.c_str());
  nftnl_table_set_data(table, NFTNL_TABLE_USERDATA, nftnl_udata_buf_data(data), nftnl_udata_buf_len(data));
  nftnl_udata_buf_free(data);
}

ChainObject chain_object(const NftTable& table, const std::string& name) {
  ChainObject object(nftnl_chain_alloc());
  if (!object) throw_out_of_memory();
  nftnl_chain_set_u32(object.get(), NFTNL_CHAIN_FAMILY, table.family);
  nftnl_chain_set_str(object.get(), NFTNL_CHAIN_TABLE, table.name.c_str());
  nftnl_chain_set_str(object.get(), NFTNL_CHAIN_NAME, name.c_str());
  return object;
}

SetObject set_object(const NftTable& table, const std::string& name) {
  SetObject object(nftnl_set_alloc());
  if (!object) throw_out_of_memory();
  nftnl_set_set_u32(object.get(), NFTNL_SET_FAMILY, table.family);
  nftnl_set_set_str(object.get(), NFTNL_SET_TABLE, table.name.c_str());
  nftnl_set_set_str(object.get(), NFTNL_SET_NAME, name.c_str());
  return object;
}

void set_host_order(nftnl_set* set) {
  constexpr std::uint32_t kHostOrder = 1;  // nft's BYTEORDER_HOST_ENDIAN
  nftnl_udata_buf* data = nftnl_udata_buf_alloc(64);
  if (data == nullptr) throw_out_of_memory();
  nftnl_udata_put_u32(data, NFTNL_UDATA_SET_KEYBYTEORDER, kHostOrder);
  nftnl_set_set_data(set, NFTNL_SET_USERDATA, nftnl_udata_buf_data(data), nftnl_udata_buf_len(data));
  nftnl_udata_buf_free(data);
}

const nlmsghdr* header_of(const std::vector<char>& answer) { return reinterpret_cast<const nlmsghdr*>(answer.data()); }

void add_chain_message(NftBatch& batch, const NftTable& table, std::uint16_t type, std::uint16_t flags,
                       const ChainObject& object) {
  batch.add(
      type, flags, [&](nlmsghdr* header) { nftnl_chain_nlmsg_build_payload(header, object.get()); }, table.family);
}

// Null for a chain that is not there.
ChainObject parsed_chain(const std::vector<char>& answer) {
  if (answer.empty()) return nullptr;
  ChainObject found(nftnl_chain_alloc());
  if (!found || nftnl_chain_nlmsg_parse(header_of(answer), found.get()) < 0) return nullptr;
  return found;
}

}  // namespace

std::string NftTable::text() const {
  switch (family) {
    case NFPROTO_BRIDGE:
      return "bridge " + name;
    case NFPROTO_IPV4:
      return "ip " + name;
    case NFPROTO_IPV6:
      return "ip6 " + name;
    default:
      return "inet " + name;
  }
}

void add_table(NftBatch& batch, std::uint16_t type, const NftTable& table, std::uint16_t flags) {
  if (type == NFT_MSG_NEWTABLE) flags |= NLM_F_CREATE;
  const TableObject object = table_object(table);
  batch.add(
      type, flags, [&](nlmsghdr* header) { nftnl_table_nlmsg_build_payload(header, object.get()); }, table.family);
}

void add_commented_table(NftBatch& batch, const NftTable& table, const std::string& comment) {
  const TableObject object = table_object(table);
  set_comment(object.get(), comment);
  batch.add(
      NFT_MSG_NEWTABLE, NLM_F_CREATE, [&](nlmsghdr* header) { nftnl_table_nlmsg_build_payload(header, object.get()); },
      table.family);
}

void add_set(NftBatch& batch, const NftTable& table, const NftSet& set) {
  const SetObject object = set_object(table, set.name);
  nftnl_set_set_u32(object.get(), NFTNL_SET_ID, set.id);
  nftnl_set_set_u32(object.get(), NFTNL_SET_KEY_TYPE, set.key_type);
  nftnl_set_set_u32(object.get(), NFTNL_SET_KEY_LEN, set.key_size);
  if (set.size > 0) nftnl_set_set_u32(object.get(), NFTNL_SET_DESC_SIZE, set.size);
  if (set.has_host_order) set_host_order(object.get());
  if (set.data_type != 0) {
    nftnl_set_set_u32(object.get(), NFTNL_SET_FLAGS, NFT_SET_MAP);
    nftnl_set_set_u32(object.get(), NFTNL_SET_DATA_TYPE, set.data_type);
    nftnl_set_set_u32(object.get(), NFTNL_SET_DATA_LEN, set.data_size);
  }
  batch.add(
      NFT_MSG_NEWSET, NLM_F_CREATE, [&](nlmsghdr* header) { nftnl_set_nlmsg_build_payload(header, object.get()); },
      table.family);
}

void add_chain(NftBatch& batch, const NftTable& table, const NftChain& chain) {
  const ChainObject object = chain_object(table, chain.name);
  nftnl_chain_set_str(object.get(), NFTNL_CHAIN_TYPE, chain.type);
  nftnl_chain_set_u32(object.get(), NFTNL_CHAIN_HOOKNUM, chain.hook);
  nftnl_chain_set_s32(object.get(), NFTNL_CHAIN_PRIO, chain.priority);
  nftnl_chain_set_u32(object.get(), NFTNL_CHAIN_POLICY, NF_ACCEPT);
  add_chain_message(batch, table, NFT_MSG_NEWCHAIN, NLM_F_CREATE, object);
  for (const NftRule& rule : chain.rules) add_rule(batch, table, rule);
}

void add_plain_chain(NftBatch& batch, const NftTable& table, const std::string& chain) {
  add_chain_message(batch, table, NFT_MSG_NEWCHAIN, NLM_F_CREATE, chain_object(table, chain));
}

void add_rule(NftBatch& batch, const NftTable& table, const NftRule& rule) {
  batch.add(
      NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND,
      [&](nlmsghdr* header) { nftnl_rule_nlmsg_build_payload(header, rule.get()); }, table.family);
}

void delete_chain(NftBatch& batch, const NftTable& table, const std::string& chain, std::uint16_t flags) {
  add_chain_message(batch, table, NFT_MSG_DELCHAIN, flags, chain_object(table, chain));
}

void delete_set(NftBatch& batch, const NftTable& table, const std::string& set) {
  const SetObject object = set_object(table, set);
  batch.add(
      NFT_MSG_DELSET, 0, [&](nlmsghdr* header) { nftnl_set_nlmsg_build_payload(header, object.get()); }, table.family);
}

void delete_elements(NftBatch& batch, const NftTable& table, const std::string& set) {
  const SetObject object = set_object(table, set);
  batch.add(
      NFT_MSG_DELSETELEM, 0, [&](nlmsghdr* header) { nftnl_set_elems_nlmsg_build_payload(header, object.get()); },
      table.family);
}

void NftElements::put_into(NftBatch& batch, std::uint16_t type) const {
  const bool adding = type == NFT_MSG_NEWSETELEM;
  for (std::size_t begin = 0; begin < elements_.size(); begin += kElementsPerMessage) {
    const SetObject set = set_object(table_, set_);
    const std::size_t end = std::min(begin + kElementsPerMessage, elements_.size());
    for (std::size_t i = begin; i < end; ++i) {
      nftnl_set_elem* element = nftnl_set_elem_alloc();
      if (element == nullptr) throw_out_of_memory();
      nftnl_set_elem_add(set.get(), element);
      const auto& [key, data, chain] = elements_[i];
      nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, key.data(), static_cast<std::uint32_t>(key.size()));
      if (!chain.empty()) {
        nftnl_set_elem_set_u32(element, NFTNL_SET_ELEM_VERDICT, static_cast<std::uint32_t>(NFT_JUMP));
        nftnl_set_elem_set_str(element, NFTNL_SET_ELEM_CHAIN, chain.c_str());
      }
      if (data.empty()) continue;
      nftnl_set_elem_set(element, NFTNL_SET_ELEM_DATA, data.data(), static_cast<std::uint32_t>(data.size()));
    }
    // Not NLM_F_EXCL: an element that leads to the same already is what is wanted (another process may have built the
    // table anew from the database); one that leads elsewhere is EBUSY all the same.
    batch.add(
        type, adding ? NLM_F_CREATE : 0,
        [&](nlmsghdr* header) { nftnl_set_elems_nlmsg_build_payload(header, set.get()); }, table_.family);
  }
}

std::string register_bytes(const void* part, std::size_t size) {
  constexpr std::size_t kRegister = 4;
  std::string bytes(static_cast<const char*>(part), size);
  bytes.resize((size + kRegister - 1) / kRegister * kRegister);
  return bytes;
}

std::string interface_bytes(const std::string& name) {
  std::array<char, IFNAMSIZ> padded{};
  name.copy(padded.data(), padded.size() - 1);
  return register_bytes(padded.data(), padded.size());
}

void ask_for_table(NftQuestions& questions, const NftTable& table) {
  const TableObject object = table_object(table);
  questions.add(
      NFT_MSG_GETTABLE, 0, [&](nlmsghdr* header) { nftnl_table_nlmsg_build_payload(header, object.get()); },
      table.family);
}

void ask_for_chain(NftQuestions& questions, const NftTable& table, const char* chain) {
  const ChainObject object = chain_object(table, chain);
  questions.add(
      NFT_MSG_GETCHAIN, 0, [&](nlmsghdr* header) { nftnl_chain_nlmsg_build_payload(header, object.get()); },
      table.family);
}

bool is_table_with_comment(const std::vector<char>& answer, const std::string& comment) {
  if (answer.empty()) return false;
  const TableObject found = table_object({});
  if (nftnl_table_nlmsg_parse(header_of(answer), found.get()) < 0) return false;
  const TableObject wanted = table_object({});
  set_comment(wanted.get(), comment);
  std::uint32_t found_size = 0;
  std::uint32_t wanted_size = 0;
  const void* found_data = nftnl_table_get_data(found.get(), NFTNL_TABLE_USERDATA, &found_size);
  const void* wanted_data = nftnl_table_get_data(wanted.get(), NFTNL_TABLE_USERDATA, &wanted_size);
  return found_data != nullptr && found_size == wanted_size && std::memcmp(found_data, wanted_data, found_size) == 0;
}

bool is_whole_chain(const std::vector<char>& answer, const NftChain& wanted) {
  return !answer.empty() && uses_of_chain(answer) == wanted.rules.size();
}

std::size_t uses_of_chain(const std::vector<char>& answer) {
  const ChainObject found = parsed_chain(answer);
  return found ? nftnl_chain_get_u32(found.get(), NFTNL_CHAIN_USE) : 0;
}

bool drops_by_default(const std::vector<char>& answer, std::uint32_t hook) {
  const ChainObject found = parsed_chain(answer);
  return found && nftnl_chain_is_set(found.get(), NFTNL_CHAIN_HOOKNUM) &&
         nftnl_chain_get_u32(found.get(), NFTNL_CHAIN_HOOKNUM) == hook &&
         nftnl_chain_get_u32(found.get(), NFTNL_CHAIN_POLICY) == NF_DROP;
}

}  // namespace minidock::network
