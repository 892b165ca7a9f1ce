// Which subnet a new network gets.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "network/ipv4.h"

namespace minidock::network {

// The first of docker's pools (172.17-31.0.0/16, then 192.168.0.0/16 in slices of /20) that overlaps none of
// `occupied`; nothing when each one does.
std::optional<Ipv4Subnet> choose_subnet(const std::vector<Ipv4Subnet>& occupied);

// What the host uses in the caller's network namespace: destinations of its routes, its addresses, and the resolvers of
// its resolv.conf. The default route is left out, and so is everything of `own_interface`.
std::vector<Ipv4Subnet> host_subnets(const std::string& own_interface);

// IPv4 addresses of the "nameserver" lines of a resolv.conf.
std::vector<Ipv4Address> resolvers_in(std::string_view resolv_conf);

}  // namespace minidock::network
