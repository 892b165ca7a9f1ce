#include "network/ipv4.h"

#include <gtest/gtest.h>

namespace minidock::network {
namespace {

TEST(Ipv4, ReadsAndWritesAddresses) {
  EXPECT_EQ(Ipv4Address::parse("172.17.0.2")->value, 0xac110002U);
  EXPECT_EQ(Ipv4Address{0xac110002U}.text(), "172.17.0.2");
  for (const char* bad : {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ", "::1", "01.2.3.4"}) {
    EXPECT_FALSE(Ipv4Address::parse(bad)) << bad;
  }
}

TEST(Ipv4, ReadsSubnetsOnlyWithoutHostBits) {
  EXPECT_EQ(Ipv4Subnet::parse("10.9.0.0/16")->text(), "10.9.0.0/16");
  EXPECT_EQ(Ipv4Subnet::parse("0.0.0.0/0")->prefix_length, 0);
  for (const char* bad : {"10.9.0.1/16", "10.9.0.0", "10.9.0.0/", "10.9.0.0/33", "10.9.0.0/-1", "10.9.0.0/16x"}) {
    EXPECT_FALSE(Ipv4Subnet::parse(bad)) << bad;
  }
  EXPECT_EQ(Ipv4Interface::parse("10.9.3.1/20")->subnet().text(), "10.9.0.0/20");
}

TEST(Ipv4, KnowsWhatASubnetContains) {
  const Ipv4Subnet subnet = *Ipv4Subnet::parse("10.9.0.0/20");
  EXPECT_EQ(subnet.last().text(), "10.9.15.255");
  EXPECT_TRUE(subnet.contains(*Ipv4Address::parse("10.9.15.255")));
  EXPECT_FALSE(subnet.contains(*Ipv4Address::parse("10.9.16.0")));
  EXPECT_TRUE(Ipv4Subnet::parse("0.0.0.0/0")->contains(*Ipv4Address::parse("255.255.255.255")));
}

TEST(Ipv4, OverlapIsMutual) {
  const Ipv4Subnet wide = *Ipv4Subnet::parse("10.0.0.0/8");
  const Ipv4Subnet narrow = *Ipv4Subnet::parse("10.255.255.255/32");
  const Ipv4Subnet other = *Ipv4Subnet::parse("11.0.0.0/32");
  EXPECT_TRUE(wide.overlaps(narrow));
  EXPECT_TRUE(narrow.overlaps(wide));
  EXPECT_FALSE(wide.overlaps(other));
  EXPECT_FALSE(other.overlaps(wide));
}

}  // namespace
}  // namespace minidock::network
