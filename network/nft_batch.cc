#include "network/nft_batch.h"

#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "base/error.h"
#include "base/fd.h"
#include "base/syscall.h"

namespace minidock::network {

namespace {

// The default send buffer takes about 200 KiB, some 3,000 published ports.
constexpr std::size_t kDefaultSendBuffer = 128 * 1024;

}  // namespace

Fd send_to_nftables(const std::vector<char>& bytes, std::size_t size, const std::string& what) {
  Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  if (!fd) throw SysError("cannot open a NETLINK_NETFILTER socket");
  // Errors come without a copy of the message that failed.
  const int on = 1;
  setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
  if (size > kDefaultSendBuffer) {
    const int wanted = static_cast<int>(2 * size);
    sys::checked([&] { return fmt::format("setsockopt({}, SO_SNDBUFFORCE, {})", fd.get(), wanted); },
                 [&] { return ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUFFORCE, &wanted, sizeof(wanted)); });
  }
  sys::checked([&] { return fmt::format("nf_tables: {}", what); },
               [&] { return ::send(fd.get(), bytes.data(), size, 0); });
  return fd;
}

namespace {

// The kernel has done all the work and queued every answer when send() returns: an empty queue is the end. False then.
bool next_answers(int socket, const std::function<void(nlmsghdr*)>& take) {
  std::array<char, 16384> buffer;
  const ssize_t received = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (received < 0) {
    if (errno == EAGAIN) return false;
    if (errno == EINTR) return true;
    throw SysError("cannot receive the answer of nf_tables");
  }
  int left = static_cast<int>(received);
  for (nlmsghdr* header = reinterpret_cast<nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(header, left);
       header = mnl_nlmsg_next(header, &left)) {
    take(header);
  }
  return true;
}

int error_of(const nlmsghdr* header) { return -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(header))->error; }

}  // namespace

char* NftMessages::room() {
  if (bytes_.size() < used_ + kRoom) bytes_.resize(used_ * 2 + kRoom);
  return bytes_.data() + used_;
}

void NftMessages::keep(const nlmsghdr* message) {
  last_ = used_;
  used_ += MNL_ALIGN(message->nlmsg_len);
}

void NftMessages::add(std::uint16_t type, std::uint16_t flags, const Build& build, std::uint8_t family) {
  nlmsghdr* header = nftnl_nlmsg_build_hdr(room(), type, family, flags, next_sequence_++);
  build(header);
  keep(header);
}

NftBatch::NftBatch() { keep(nftnl_batch_begin(room(), next_sequence_++)); }

int NftBatch::commit(const std::string& what) {
  // Failures are always told; the last message tells that there was none.
  last()->nlmsg_flags |= NLM_F_ACK;
  keep(nftnl_batch_end(room(), next_sequence_++));
  const Fd socket = send_to_nftables(bytes_, used_, what);
  int first_error = 0;
  bool answered = false;
  while (next_answers(socket.get(), [&](const nlmsghdr* header) {
    if (header->nlmsg_type != NLMSG_ERROR) return;
    answered = true;
    if (first_error == 0) first_error = error_of(header);
  })) {
  }
  if (!answered) throw Error(ErrorKind::internal, "nf_tables gave no answer");
  return first_error;
}

std::vector<std::vector<char>> NftQuestions::ask(const std::string& what) {
  std::vector<std::vector<char>> answers(next_sequence_ - 1);
  const Fd socket = send_to_nftables(bytes_, used_, what);
  while (next_answers(socket.get(), [&](const nlmsghdr* header) {
    const std::size_t index = header->nlmsg_seq - 1;
    if (index >= answers.size()) return;
    if (header->nlmsg_type != NLMSG_ERROR) {
      const char* begin = reinterpret_cast<const char*>(header);
      answers[index].assign(begin, begin + header->nlmsg_len);
    } else if (error_of(header) != ENOENT && error_of(header) != 0) {
      throw SysError(error_of(header), fmt::format("nf_tables: cannot {}", what));
    }
  })) {
  }
  return answers;
}

}  // namespace minidock::network
