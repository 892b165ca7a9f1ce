// The transport protocols that ports are published for.
#pragma once

#include <cstdint>
#include <string>

namespace minidock::network {

struct Transport {
  int socket_type = 0;        // SOCK_STREAM, SOCK_DGRAM
  std::uint8_t protocol = 0;  // IPPROTO_TCP, …
};

// "tcp", "udp" or "sctp"; ErrorKind::invalid_argument for anything else.
Transport transport_of(const std::string& name);

}  // namespace minidock::network
