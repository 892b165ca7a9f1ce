#include "network/ipv6.h"

#include <gtest/gtest.h>

namespace minidock::network {
namespace {

TEST(Ipv6, ReadsAndWritesAddressesInTheShortestForm) {
  EXPECT_EQ(Ipv6Address::parse("FD00:0:0:0:0:0:0:2")->text(), "fd00::2");
  EXPECT_TRUE(Ipv6Address::parse("::1")->value == 1);
  EXPECT_EQ(Ipv6Address::of(Ipv6Address::parse("1:2:3:4:5:6:7:8")->bytes()).text(), "1:2:3:4:5:6:7:8");
  for (const char* bad : {"", "1.2.3.4", "fd00::2%eth0", "[::1]", "fd00::g", "1:2:3:4:5:6:7:8:9", "::1 "}) {
    EXPECT_FALSE(Ipv6Address::parse(bad)) << bad;
  }
}

TEST(Ipv6, KnowsWhatASubnetContains) {
  const Ipv6Subnet subnet = *Ipv6Subnet::parse("fd00:1::/64");
  EXPECT_EQ(subnet.text(), "fd00:1::/64");
  EXPECT_EQ(subnet.last().text(), "fd00:1::ffff:ffff:ffff:ffff");
  EXPECT_TRUE(subnet.contains(*Ipv6Address::parse("fd00:1::ffff")));
  EXPECT_FALSE(subnet.contains(*Ipv6Address::parse("fd00:1:0:1::")));
  EXPECT_TRUE(Ipv6Subnet::parse("fd00::/16")->overlaps(subnet));
  EXPECT_TRUE(subnet.overlaps(*Ipv6Subnet::parse("::/0")));
  EXPECT_FALSE(subnet.overlaps(*Ipv6Subnet::parse("fd00:2::/64")));
  EXPECT_EQ(Ipv6Interface::parse("fd00:1::7/128")->subnet().text(), "fd00:1::7/128");
  for (const char* bad : {"fd00:1::1/64", "fd00:1::/129", "fd00:1::", "10.0.0.0/8"}) {
    EXPECT_FALSE(Ipv6Subnet::parse(bad)) << bad;
  }
}

TEST(Ipv6, MakesLinkLocalAddressesFromMacAddresses) {
  EXPECT_EQ(link_local_address({0x02, 0x42, 0xac, 0x11, 0x00, 0x02}).text(), "fe80::42:acff:fe11:2");
  EXPECT_TRUE(link_local_subnet().contains(link_local_address({})));
  EXPECT_EQ(link_local_subnet().text(), "fe80::/10");
}

}  // namespace
}  // namespace minidock::network
