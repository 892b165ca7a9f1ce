#pragma once

#include <sys/socket.h>

#include <cstdint>

#include "names/socket_address.h"

namespace minidock::names {

// Where a query came from, and its answer goes.
struct Asker {
  std::uint64_t tcp_client = 0;  // its number, 0 for UDP
  SocketAddress address;         // of UDP

  bool is_tcp() const { return tcp_client != 0; }
  // A query of the server's own.
  bool is_nobody() const { return !is_tcp() && address.family() == AF_UNSPEC; }
};

}  // namespace minidock::names
