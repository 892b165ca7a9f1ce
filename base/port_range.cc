#include "base/port_range.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "base/error.h"
#include "base/text.h"

namespace minidock {
namespace {

[[noreturn]] void invalid(const std::string& message) { throw Error(ErrorKind::invalid_argument, message); }

std::uint16_t parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits || error != std::errc()) {
    invalid(
        fmt::format("strconv.ParseUint: parsing \"{}\": {}", text, digits ? "value out of range" : "invalid syntax"));
  }
  return port;
}

}  // namespace

PortRange parse_port_range(const std::string& text) {
  const std::string ports = text.substr(0, text.find('/'));
  if (ports.empty()) invalid("Empty string specified for ports.");
  const std::size_t dash = ports.find('-');
  PortRange range;
  range.first = parse_port(std::string_view(ports).substr(0, dash));
  range.last = dash == std::string::npos ? range.first : parse_port(std::string_view(ports).substr(dash + 1));
  if (range.last < range.first) invalid(fmt::format("Invalid range specified for the Port: {}", ports));
  if (ports.size() + 1 < text.size()) range.protocol = lower_case(text.substr(ports.size() + 1));
  return range;
}

void check_port_protocol(const std::string& protocol) {
  if (protocol != "tcp" && protocol != "udp" && protocol != "sctp") invalid(fmt::format("Invalid proto: {}", protocol));
}

}  // namespace minidock
