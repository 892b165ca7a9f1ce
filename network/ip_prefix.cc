#include "network/ip_prefix.h"

#include "network/network.h"

namespace minidock::network {
namespace {

std::string bytes_of(Ipv4Address address) {
  const std::uint32_t value = address.network_order();
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

std::string bytes_of(Ipv6Address address) {
  const Ipv6Bytes bytes = address.bytes();
  return {bytes.begin(), bytes.end()};
}

template <typename Address>
IpPrefix prefix_of(IpFamily family, const IpSubnet<Address>& subnet) {
  return {family, bytes_of(subnet.base), bytes_of(Address{subnet.mask()}), subnet.text()};
}

}  // namespace

IpPrefix IpPrefix::of(const Ipv4Subnet& subnet) { return prefix_of(IpFamily::ipv4, subnet); }
IpPrefix IpPrefix::of(const Ipv6Subnet& subnet) { return prefix_of(IpFamily::ipv6, subnet); }

IpFamily family_of(const std::string& address) {
  return address.find(':') == std::string::npos ? IpFamily::ipv4 : IpFamily::ipv6;
}

const char* every_address_of(IpFamily family) { return family == IpFamily::ipv4 ? kEveryAddress : kEveryIpv6Address; }

bool is_every_address(const std::string& address) { return address == every_address_of(family_of(address)); }

std::string packet_bytes(const std::string& address) {
  if (family_of(address) == IpFamily::ipv4) return bytes_of(stored_address(address, "an address"));
  return bytes_of(stored_ip<Ipv6Address>(address, "an address"));
}

}  // namespace minidock::network
