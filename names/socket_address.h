// An IPv4 or IPv6 socket address.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

namespace minidock::names {

class SocketAddress {
 public:
  SocketAddress() : v6_{} {}
  // `text`: an address, for IPv6 also with "%<interface>" behind, a name of the own network namespace. Nothing for
  // other text, and when there is no such interface.
  static std::optional<SocketAddress> from_text(const std::string& text, std::uint16_t port);

  int family() const { return any_.sa_family; }
  sockaddr* data() { return &any_; }
  const sockaddr* data() const { return &any_; }
  socklen_t size() const { return any_.sa_family == AF_INET ? sizeof v4_ : sizeof v6_; }
  static constexpr socklen_t capacity() { return sizeof(sockaddr_in6); }
  bool operator==(const SocketAddress& other) const;

 private:
  union {
    sockaddr any_;
    sockaddr_in v4_;
    sockaddr_in6 v6_;
  };
};

}  // namespace minidock::names
