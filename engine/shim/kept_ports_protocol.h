// What both sides of kept_ports.h have to agree on.
#pragma once

#include <fmt/format.h>
#include <sys/un.h>

#include <cstddef>
#include <string>

#include "engine/shim/kept_ports.h"

namespace minidock::shim {

// The datagram's one byte.
enum class PortRequest : char { keep = 'k', keep_only = 'o' };

inline constexpr char kPortsSocket[] = "ports.sock";
// With that for the answer.
inline constexpr std::size_t kDescriptorsInARequest = 32;

inline std::string kept_port_line(const KeptPort& port) {
  return fmt::format("{} {} {}\n", port.protocol, port.address, port.port);
}

// Through the directory's descriptor: a socket's path is limited to 107 bytes, a --state directory is not.
inline sockaddr_un ports_socket_address(int directory) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  fmt::format("/proc/self/fd/{}/{}", directory, kPortsSocket).copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

}  // namespace minidock::shim
