// What rtnetlink says about the host, read through libnl-route's caches (whole dumps: for the rare paths only).
#pragma once

#include <string>
#include <vector>

#include "network/ipv4.h"

namespace minidock::network {

// IPv4 destinations of all routing tables and all addresses, except the default route, loopback's and multicast's, and
// those of interface `except`.
std::vector<Ipv4Subnet> routed_subnets(const std::string& except);

// IPv4 addresses of an interface.
std::vector<Ipv4Interface> addresses_of(const std::string& interface);

// "bridge", "veth", …; empty when there is no such interface or when it has no kind (a network card).
std::string link_kind(const std::string& interface);

// What somebody has noted about an interface (`ip link set … alias`); empty when there is no such interface.
std::string link_alias(const std::string& interface);

}  // namespace minidock::network
