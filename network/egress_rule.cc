#include "network/egress_rule.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/port_range.h"
#include "base/text.h"

namespace minidock::network {

namespace {

constexpr std::string_view kDeny = "deny";

[[noreturn]] void invalid(const std::string& text, const std::string& why) {
  throw Error(ErrorKind::invalid_argument,
              fmt::format("invalid --egress-allow \"{}\": {}; it is HOST, ADDRESS or SUBNET, and may have "
                          ":PORT[-PORT][/PROTOCOL] behind",
                          text, why));
}

template <typename Address>
std::optional<IpPrefix> parse_subnet_of(const std::string& text) {
  if (const std::optional<Address> address = Address::parse(text)) {
    return IpPrefix::of(IpSubnet<Address>{*address, Address::kBits});
  }
  const std::optional<IpInterface<Address>> interface = IpInterface<Address>::parse(text);
  if (!interface) return std::nullopt;
  return IpPrefix::of(interface->subnet());
}

std::optional<IpPrefix> parse_subnet(const std::string& text) {
  const std::optional<IpPrefix> ipv4 = parse_subnet_of<Ipv4Address>(text);
  return ipv4 ? ipv4 : parse_subnet_of<Ipv6Address>(text);
}

struct Parts {
  std::string where;
  std::string ports;  // with the protocol
  bool has_ports = false;
};

Parts split_rule(const std::string& text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string::npos) invalid(text, "\"]\" is missing");
    const std::string behind = text.substr(end + 1);
    if (!behind.empty() && behind.front() != ':') invalid(text, "\":\" is missing behind \"]\"");
    return {text.substr(1, end - 1), behind.empty() ? "" : behind.substr(1), !behind.empty()};
  }
  const std::size_t colon = text.find(':');
  const bool is_ipv6 = colon != text.rfind(':');
  if (colon == std::string::npos || is_ipv6) return {text, "", false};
  return {text.substr(0, colon), text.substr(colon + 1), true};
}

void set_ports(EgressRule& rule, const std::string& text, const std::string& ports) {
  PortRange range;
  const std::size_t slash = ports.find('/');
  try {
    range = parse_port_range(ports);
    if (slash != std::string::npos) check_port_protocol(range.protocol);
  } catch (const Error& error) {
    invalid(text, error.message());
  }
  if (ports.ends_with('/')) invalid(text, "the protocol behind \"/\" is missing");
  if (range.first == 0) invalid(text, "there is no port 0");
  rule.first_port = range.first;
  rule.last_port = range.last;
  if (slash != std::string::npos) rule.protocol = range.protocol;
}

bool is_label(std::string_view label) {
  constexpr std::size_t kLongest = 63;
  return !label.empty() && label.size() <= kLongest && std::all_of(label.begin(), label.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_';
  });
}

bool is_host_pattern(std::string_view host) {
  constexpr std::size_t kLongest = 253;
  if (host == "*") return true;
  if (host.size() > kLongest) return false;
  if (host.starts_with("*.")) host.remove_prefix(2);
  for (;;) {
    const std::size_t dot = host.find('.');
    if (!is_label(host.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    host.remove_prefix(dot + 1);
  }
}

// "10.1.2" and "10.1.0.0/33" are no names.
bool looks_like_an_address(std::string_view where) {
  return where.find_first_not_of("0123456789./") == std::string_view::npos;
}

}  // namespace

EgressRule parse_egress_rule(const std::string& text) {
  const Parts parts = split_rule(text);
  EgressRule rule;
  rule.subnet = parse_subnet(parts.where);
  if (!rule.subnet) {
    rule.host = lower_case(parts.where);
    if (rule.host.size() > 1 && rule.host.ends_with('.') && rule.host != "*.") rule.host.pop_back();
    if (looks_like_an_address(rule.host)) invalid(text, fmt::format("\"{}\" is no address and no subnet", parts.where));
    if (!is_host_pattern(rule.host)) invalid(text, fmt::format("\"{}\" is no host's name", parts.where));
  }
  if (parts.has_ports) set_ports(rule, text, parts.ports);
  return rule;
}

std::string EgressRule::text() const {
  std::string result = subnet ? subnet->text : host;
  if (first_port == 0) return result;
  if (subnet && subnet->family == IpFamily::ipv6) result = "[" + result + "]";
  result += fmt::format(":{}", first_port);
  if (last_port != first_port) result += fmt::format("-{}", last_port);
  return protocol.empty() ? result : result + "/" + protocol;
}

std::string egress_text(const std::vector<EgressRule>& rules) {
  std::string text(kDeny);
  for (const EgressRule& rule : rules) text += " " + rule.text();
  return text;
}

std::vector<EgressRule> stored_egress_rules(std::string_view text) {
  std::vector<EgressRule> rules;
  const auto take_word = [&] {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
  };
  const std::string whole(text);
  if (take_word() != kDeny) throw Error(ErrorKind::corrupt_data, fmt::format("\"{}\" are no egress rules", whole));
  while (!text.empty()) {
    try {
      rules.push_back(parse_egress_rule(std::string(take_word())));
    } catch (const Error& error) {
      throw Error(ErrorKind::corrupt_data, fmt::format("the stored egress rules \"{}\": {}", whole, error.message()));
    }
  }
  return rules;
}

}  // namespace minidock::network
