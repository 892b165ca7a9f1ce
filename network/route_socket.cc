#include "network/route_socket.h"

#include <fmt/format.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/error.h"
#include "base/nap.h"
#include "base/syscall.h"

namespace minidock::network {

namespace {

// The kernel's own explanation of an error (NLMSGERR_ATTR_MSG), empty when it gave none.
std::string explanation(nlmsghdr* header) {
  if ((header->nlmsg_flags & NLM_F_ACK_TLVS) == 0) return "";
  nlattr* attribute = nlmsg_find_attr(header, sizeof(nlmsgerr), NLMSGERR_ATTR_MSG);
  if (attribute == nullptr) return "";
  return std::string(
      static_cast<const char*>(nla_data(attribute)),
      strnlen(static_cast<const char*>(nla_data(attribute)), static_cast<std::size_t>(nla_len(attribute))));
}

}  // namespace

RouteRequest::RouteRequest(std::string what, int type, int flags)
    : what_(std::move(what)), message_(nlmsg_alloc_simple(type, flags | NLM_F_REQUEST | NLM_F_ACK)) {
  if (!message_) throw SysError(ENOMEM, fmt::format("cannot {}", what_));
}

void RouteRequest::check(int libnl_result) const {
  if (libnl_result < 0) {
    throw Error(ErrorKind::internal, fmt::format("cannot {}: {}", what_, nl_geterror(libnl_result)));
  }
}

RouteRequest& RouteRequest::put(int attribute, const void* data, std::size_t size) {
  check(nla_put(message_.get(), attribute, static_cast<int>(size), data));
  return *this;
}

RouteRequest& RouteRequest::put_string(int attribute, const std::string& text) {
  return put(attribute, text.c_str(), text.size() + 1);
}

RouteRequest& RouteRequest::put_u8(int attribute, std::uint8_t value) { return put(attribute, &value, sizeof(value)); }

RouteRequest& RouteRequest::put_u32(int attribute, std::uint32_t value) {
  return put(attribute, &value, sizeof(value));
}

RouteRequest& RouteRequest::append(const void* data, std::size_t size) {
  check(nlmsg_append(message_.get(), const_cast<void*>(data), size, NLMSG_ALIGNTO));
  return *this;
}

RouteRequest& RouteRequest::open(int attribute) {
  nlattr* nest = nla_nest_start(message_.get(), attribute);
  if (nest == nullptr) throw SysError(ENOMEM, fmt::format("cannot {}", what_));
  open_.push_back(nest);
  return *this;
}

RouteRequest& RouteRequest::close() {
  check(nla_nest_end(message_.get(), open_.back()));
  open_.pop_back();
  return *this;
}

RouteRequest& RouteRequest::tolerate(int error_number) {
  tolerated_ = error_number;
  return *this;
}

RouteSocket::RouteSocket() : socket_(nl_socket_alloc()) {
  if (!socket_) throw SysError(ENOMEM, "cannot make a netlink socket");
  const int result = nl_connect(socket_.get(), NETLINK_ROUTE);
  if (result < 0) {
    throw Error(ErrorKind::system, fmt::format("cannot open a NETLINK_ROUTE socket: {}", nl_geterror(result)));
  }
  // Answers carry the kernel's explanation instead of a copy of the request. Without it errors are only shorter.
  const int on = 1;
  setsockopt(nl_socket_get_fd(socket_.get()), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
  setsockopt(nl_socket_get_fd(socket_.get()), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
}

void RouteSocket::send(const std::vector<RouteRequest>& requests) {
  const std::uint32_t first_sequence = next_sequence_;
  std::string bytes;
  std::string what;
  for (const RouteRequest& request : requests) {
    nlmsghdr* header = nlmsg_hdr(request.message_.get());
    header->nlmsg_seq = next_sequence_++;
    bytes.append(reinterpret_cast<const char*>(header), header->nlmsg_len);
    bytes.resize(NLMSG_ALIGN(bytes.size()));
    what += (what.empty() ? "" : "; ") + request.what_;
  }
  sys::checked([&] { return fmt::format("rtnetlink: {}", what); },
               [&] { return ::send(nl_socket_get_fd(socket_.get()), bytes.data(), bytes.size(), 0); });
  receive_answers(requests, first_sequence);
}

void RouteSocket::send_patiently(const std::vector<RouteRequest>& requests, const std::vector<int>& error_numbers) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::seconds kPatience{5};
  constexpr int kPause = 5;  // milliseconds
  const Clock::time_point deadline = Clock::now() + kPatience;
  for (;; nap(kPause)) {
    try {
      send(requests);
      return;
    } catch (const SysError& error) {
      const bool may_go =
          std::find(error_numbers.begin(), error_numbers.end(), error.error_number()) != error_numbers.end();
      if (!may_go || Clock::now() >= deadline) throw;
    }
  }
}

void RouteSocket::receive_answers(const std::vector<RouteRequest>& requests, std::uint32_t first_sequence) {
  std::array<char, 16384> buffer;
  std::size_t answered = 0;
  int first_error = 0;
  std::string failure;
  while (answered < requests.size()) {
    const ssize_t received = ::recv(nl_socket_get_fd(socket_.get()), buffer.data(), buffer.size(), 0);
    if (received < 0 && errno == EINTR) continue;
    if (received < 0) throw SysError("cannot receive the answer of rtnetlink");
    int left = static_cast<int>(received);
    for (nlmsghdr* header = reinterpret_cast<nlmsghdr*>(buffer.data()); nlmsg_ok(header, left);
         header = nlmsg_next(header, &left)) {
      const std::size_t index = header->nlmsg_seq - first_sequence;
      if (header->nlmsg_type != NLMSG_ERROR || index >= requests.size()) continue;
      ++answered;
      const int err = -static_cast<const nlmsgerr*>(nlmsg_data(header))->error;
      if (err == 0 || err == requests[index].tolerated_ || first_error != 0) continue;
      first_error = err;
      const std::string detail = explanation(header);
      failure = fmt::format("cannot {}{}", requests[index].what_, detail.empty() ? "" : " (" + detail + ")");
    }
  }
  if (first_error != 0) throw SysError(first_error, failure);
}

}  // namespace minidock::network
