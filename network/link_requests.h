// The rtnetlink requests that bridges and endpoints share.
#pragma once

#include <string>

#include "network/ipv4.h"
#include "network/ipv6.h"
#include "network/mac_address.h"
#include "network/route_socket.h"

namespace minidock::network {

// type: RTM_NEWADDR (with the subnet's broadcast address) or RTM_DELADDR.
RouteRequest address_request(int type, unsigned interface_index, const Ipv4Interface& address);
// Whether the neighbours are asked first if somebody has the address.
enum class Detection { off, on };
RouteRequest address_request(int type, unsigned interface_index, const Ipv6Interface& address,
                             Detection detection = Detection::off);

// Switches the interface on; `name` is for the error message.
RouteRequest up_request(unsigned interface_index, const std::string& name);

}  // namespace minidock::network
