// A subnet of either family as rules about packets need it.
#pragma once

#include <cstdint>
#include <string>

#include "network/ipv4.h"
#include "network/ipv6.h"

namespace minidock::network {

enum class IpFamily { ipv4, ipv6 };

struct IpPrefix {
  IpFamily family = IpFamily::ipv4;
  std::string address;  // the bytes as they stand in a packet, 4 or 16
  std::string mask;     // as many
  std::string text;     // "10.9.0.0/16"

  static IpPrefix of(const Ipv4Subnet& subnet);
  static IpPrefix of(const Ipv6Subnet& subnet);
};

// The bytes of an address of either family as they stand in a packet; ErrorKind::corrupt_data for another text, which
// this program has stored.
std::string packet_bytes(const std::string& address);
IpFamily family_of(const std::string& address);

// The one that stands for all of a family: 0.0.0.0 or ::.
const char* every_address_of(IpFamily family);
bool is_every_address(const std::string& address);

}  // namespace minidock::network
