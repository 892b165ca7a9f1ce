#include "engine/shim/learnt_sets.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cstring>
#include <string_view>

#include "base/fd.h"

namespace minidock::shim {
namespace {

// Netlink messages, built by hand: libnftnl would be memory of each shim.
class Batch {
 public:
  Batch(std::uint16_t element_message, const std::string& table, const std::string& set, const names::Bytes& address) {
    mark(NFNL_MSG_BATCH_BEGIN);
    const bool adding = element_message == NFT_MSG_NEWSETELEM;
    const std::size_t message =
        begin((NFNL_SUBSYS_NFTABLES << 8) | element_message, adding ? NLM_F_CREATE : 0, NFPROTO_INET, 0);
    attribute(NFTA_SET_ELEM_LIST_TABLE, table.c_str(), table.size() + 1);
    attribute(NFTA_SET_ELEM_LIST_SET, set.c_str(), set.size() + 1);
    const std::size_t elements = begin_nested(NFTA_SET_ELEM_LIST_ELEMENTS);
    const std::size_t element = begin_nested(NFTA_LIST_ELEM);
    const std::size_t key = begin_nested(NFTA_SET_ELEM_KEY);
    attribute(NFTA_DATA_VALUE, address.data(), address.size());
    for (const std::size_t open : {key, element, elements}) end_nested(open);
    end(message);
    mark(NFNL_MSG_BATCH_END);
  }

  const std::string& bytes() const { return bytes_; }

 private:
  template <typename Header>
  void put(const Header& header) {
    bytes_.append(reinterpret_cast<const char*>(&header), sizeof header);
  }

  std::size_t begin(unsigned type, unsigned flags, std::uint8_t family, std::uint16_t resource) {
    const std::size_t at = bytes_.size();
    nlmsghdr header{};
    header.nlmsg_type = static_cast<std::uint16_t>(type);
    header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    put(header);
    nfgenmsg generic{};
    generic.nfgen_family = family;
    generic.res_id = htons(resource);
    put(generic);
    return at;
  }

  void end(std::size_t at) {
    const auto size = static_cast<std::uint32_t>(bytes_.size() - at);
    std::memcpy(bytes_.data() + at + offsetof(nlmsghdr, nlmsg_len), &size, sizeof size);
  }

  void mark(unsigned type) { end(begin(type, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES)); }

  std::size_t begin_attribute(unsigned type) {
    const std::size_t at = bytes_.size();
    nlattr header{};
    header.nla_type = static_cast<std::uint16_t>(type);
    put(header);
    return at;
  }

  void end_nested(std::size_t at) {
    const auto size = static_cast<std::uint16_t>(bytes_.size() - at);
    std::memcpy(bytes_.data() + at + offsetof(nlattr, nla_len), &size, sizeof size);
    bytes_.resize(NLA_ALIGN(bytes_.size()));
  }

  std::size_t begin_nested(unsigned type) { return begin_attribute(type | NLA_F_NESTED); }

  void attribute(unsigned type, const void* data, std::size_t size) {
    const std::size_t at = begin_attribute(type);
    bytes_.append(static_cast<const char*>(data), size);
    end_nested(at);
  }

  std::string bytes_;
};

// The kernel has done it when send() returns. What it refuses is there already, or the set is gone.
void change_set(std::uint16_t message, const std::string& table, const std::string& set, const names::Bytes& address) {
  const Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER));
  if (!socket) return;
  const Batch batch(message, table, set, address);
  ::send(socket.get(), batch.bytes().data(), batch.bytes().size(), 0);
}

}  // namespace

std::unique_ptr<names::LearntAddresses> open_learnt_addresses(const LearntNames& config) {
  if (!config.restricted) return nullptr;
  const auto change = [config](std::uint16_t message, std::size_t pattern, const names::Bytes& address) {
    constexpr std::size_t kIpv4Size = 4;
    const std::vector<std::string>& sets = address.size() == kIpv4Size ? config.ipv4_sets : config.ipv6_sets;
    change_set(message, config.table, sets[pattern], address);
  };
  return std::make_unique<names::LearntAddresses>(
      config.patterns,
      [change](std::size_t pattern, const names::Bytes& address) { change(NFT_MSG_NEWSETELEM, pattern, address); },
      [change](std::size_t pattern, const names::Bytes& address) { change(NFT_MSG_DELSETELEM, pattern, address); });
}

}  // namespace minidock::shim
