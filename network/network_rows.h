// Networks as the database has them.
#pragma once

#include <optional>
#include <string>

#include "network/ipv4.h"
#include "network/ipv6.h"
#include "network/network.h"

namespace minidock::network {

// `column`: "id", "name" or "interface".
std::optional<Network> find_row(storage::Database& database, const char* column, const std::string& value);

// One with the same name or interface stays as it is.
void insert_row(storage::Database& database, const Network& network);

// What the network's options mean to its driver. The parent of an internal network is one of its own: docker's way to
// keep it in. Errors as parse_bridge_options and parse_parent_options.
void take_options(Network& network);

// ErrorKind::corrupt_data when the row is damaged.
Ipv4Subnet subnet_of(const Network& network);
// Nothing when it has no IPv6.
std::optional<Ipv6Subnet> ipv6_subnet_of(const Network& network);

}  // namespace minidock::network
