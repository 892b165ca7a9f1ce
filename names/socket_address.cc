#include "names/socket_address.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <cstring>

namespace minidock::names {

std::optional<SocketAddress> SocketAddress::from_text(const std::string& text, std::uint16_t port) {
  const std::size_t percent = text.find('%');
  const std::string number = text.substr(0, percent);
  SocketAddress address;
  if (number.find(':') == std::string::npos) {
    address.v4_.sin_family = AF_INET;
    address.v4_.sin_port = htons(port);
    if (percent != std::string::npos || inet_pton(AF_INET, number.c_str(), &address.v4_.sin_addr) != 1) return {};
    return address;
  }
  address.v6_.sin6_family = AF_INET6;
  address.v6_.sin6_port = htons(port);
  if (inet_pton(AF_INET6, number.c_str(), &address.v6_.sin6_addr) != 1) return {};
  if (percent != std::string::npos) {
    address.v6_.sin6_scope_id = if_nametoindex(text.c_str() + percent + 1);
    if (address.v6_.sin6_scope_id == 0) return {};
  }
  return address;
}

bool SocketAddress::operator==(const SocketAddress& other) const {
  return family() == other.family() && std::memcmp(&any_, &other.any_, size()) == 0;
}

}  // namespace minidock::names
