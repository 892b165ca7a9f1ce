#include "network/transport.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/error.h"

namespace minidock::network {

Transport transport_of(const std::string& name) {
  if (name == "tcp") return {SOCK_STREAM, IPPROTO_TCP};
  if (name == "udp") return {SOCK_DGRAM, IPPROTO_UDP};
  if (name == "sctp") return {SOCK_STREAM, IPPROTO_SCTP};
  throw Error(ErrorKind::invalid_argument, fmt::format("invalid proto: {}: it is tcp, udp or sctp", name));
}

}  // namespace minidock::network
