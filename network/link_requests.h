// The rtnetlink requests that bridges and endpoints share.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "network/ipv4.h"
#include "network/route_socket.h"

namespace minidock::network {

using MacAddress = std::array<std::uint8_t, 6>;
MacAddress mac_of(Ipv4Address address);
// "02:42:ac:11:00:02"; ErrorKind::corrupt_data for another text.
MacAddress parse_mac(const std::string& text);

// type: RTM_NEWADDR (with the subnet's broadcast address) or RTM_DELADDR.
RouteRequest address_request(int type, unsigned interface_index, const Ipv4Interface& address);

// Switches the interface on; `name` is for the error message.
RouteRequest up_request(unsigned interface_index, const std::string& name);

}  // namespace minidock::network
