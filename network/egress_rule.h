// Where a container may begin connections to when it may not begin any otherwise: one rule of --egress-allow.
//
//   api.example.com:443        the addresses that its own name queries have had as answers
//   *.example.com              each name below that one; with "*" alone every name
//   10.1.0.0/16:5432/tcp       an address or a subnet, of either family
//   [2001:db8::5]:8000-8010    ports: of tcp, udp and sctp, unless a protocol is there
//   2001:db8::/32              without a port: every protocol
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "network/ip_prefix.h"

namespace minidock::network {

struct EgressRule {
  std::string host;                // lower case; "" where the rule is about a subnet
  std::optional<IpPrefix> subnet;  // nothing where it is about a host
  std::string protocol;            // "tcp", "udp", "sctp"; "": each of them
  std::uint16_t first_port = 0;    // 0: every port, and every protocol
  std::uint16_t last_port = 0;

  bool operator==(const EgressRule& other) const { return text() == other.text(); }
  // As it is written; the same for the same rule.
  std::string text() const;
};

// ErrorKind::invalid_argument.
EgressRule parse_egress_rule(const std::string& text);

// What is stored of a container's rules: "" for one that may begin connections to everywhere.
std::string egress_text(const std::vector<EgressRule>& rules);
// ErrorKind::corrupt_data for another text than egress_text makes.
std::vector<EgressRule> stored_egress_rules(std::string_view text);

}  // namespace minidock::network
