// nf_tables over libmnl: messages collected into one atomic transaction, and questions about what is there.
#pragma once

#include <linux/netfilter.h>
#include <linux/netlink.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/fd.h"

namespace minidock::network {

// A socket of its own, on which the answers come. The first `size` bytes are sent; `what` is for the trace.
Fd send_to_nftables(const std::vector<char>& bytes, std::size_t size, const std::string& what);

// Consecutive netlink messages of nf_tables.
class NftMessages {
 public:
  using Build = std::function<void(nlmsghdr*)>;

  // Appends a message (NFT_MSG_*); `build` adds its attributes, at most 32 KiB.
  void add(std::uint16_t type, std::uint16_t flags, const Build& build, std::uint8_t family = NFPROTO_INET);

 protected:
  static constexpr std::size_t kRoom = 32 * 1024;

  // kRoom bytes behind the last message.
  char* room();
  // The message that was built at room() belongs to the messages now.
  void keep(const nlmsghdr* message);
  nlmsghdr* last() { return reinterpret_cast<nlmsghdr*>(bytes_.data() + last_); }

  std::vector<char> bytes_;
  std::size_t used_ = 0;
  std::size_t last_ = 0;
  std::uint32_t next_sequence_ = 1;
};

class NftBatch : public NftMessages {
 public:
  NftBatch();

  // All or nothing. Returns 0, or the errno of the first message that failed. `what` is for the trace.
  int commit(const std::string& what);
};

class NftQuestions : public NftMessages {
 public:
  // One answer (a whole netlink message) for each question (NFT_MSG_GET* without NLM_F_DUMP), empty for an object that
  // is not there.
  std::vector<std::vector<char>> ask(const std::string& what);
};

}  // namespace minidock::network
