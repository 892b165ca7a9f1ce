// "80", "80-90" and "80/udp", as options, images and filters write them. Errors are ErrorKind::invalid_argument with
// docker's words (go-connections' nat package).
#pragma once

#include <cstdint>
#include <string>

namespace minidock {

struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  std::string protocol = "tcp";  // in lower case

  int count() const { return last - first + 1; }
  bool contains(int port, const std::string& of_protocol) const {
    return first <= port && port <= last && protocol == of_protocol;
  }
};

PortRange parse_port_range(const std::string& text);

// tcp, udp or sctp.
void check_port_protocol(const std::string& protocol);

}  // namespace minidock
