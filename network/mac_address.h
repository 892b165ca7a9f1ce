// MAC addresses of bridges and endpoints.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "network/ipv4.h"
#include "network/ipv6.h"

namespace minidock::network {

using MacAddress = std::array<std::uint8_t, 6>;
MacAddress mac_of(Ipv4Address address);
// The link-local IPv6 address of the endpoint with this IPv4 address, which an interface with mac_of() gives itself,
// too.
Ipv6Address link_local_of(Ipv4Address address);
// "02:42:ac:11:00:02"; ErrorKind::corrupt_data for another text.
MacAddress parse_mac(const std::string& text);

}  // namespace minidock::network
