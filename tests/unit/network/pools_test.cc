#include "network/pools.h"

#include <gmock/gmock.h>

#include "tests/unit/network/test_host.h"

namespace minidock::network {
namespace {

std::string chosen(const std::vector<std::string>& occupied) {
  std::vector<Ipv4Subnet> subnets;
  for (const std::string& text : occupied) subnets.push_back(*Ipv4Subnet::parse(text));
  const std::optional<Ipv4Subnet> subnet = choose_subnet(subnets);
  return subnet ? subnet->text() : "none";
}

TEST(Pools, AreTriedInDockersOrder) {
  EXPECT_EQ(chosen({}), "172.17.0.0/16");
  EXPECT_EQ(chosen({"172.17.200.0/24"}), "172.18.0.0/16");
  EXPECT_EQ(chosen({"172.17.0.5/32", "172.18.0.0/15"}), "172.20.0.0/16");
  EXPECT_EQ(chosen({"172.16.0.0/12"}), "192.168.0.0/20");
  EXPECT_EQ(chosen({"172.16.0.0/12", "192.168.1.0/24"}), "192.168.16.0/20");
  EXPECT_EQ(chosen({"172.16.0.0/12", "192.168.0.0/16"}), "none");
}

TEST(Pools, ReadResolversOfResolvConf) {
  const std::vector<Ipv4Address> resolvers = resolvers_in(
      "# nameserver 1.1.1.1\nsearch example\nnameserver  172.17.0.9\t\n nameserver ::1\nnameserver 10.0.0.1");
  ASSERT_EQ(resolvers.size(), 2U);
  EXPECT_EQ(resolvers[0].text(), "172.17.0.9");
  EXPECT_EQ(resolvers[1].text(), "10.0.0.1");
}

class HostPools : public HostTest {};

TEST_F(HostPools, AvoidRoutesOfEveryTableAndAddressesOfInterfacesThatAreDown) {
  output_of("ip route add 172.17.5.0/24 dev lo");
  output_of("ip route add 172.18.0.0/16 dev lo table 77");
  output_of("ip link add idle type veth peer name peer && ip addr add 172.19.0.1/32 dev idle");
  EXPECT_EQ(default_network(*database_, instance_, "").subnet, "172.20.0.0/16");
}

TEST_F(HostPools, AreReusedWhenOnlyTheOwnBridgeHasThem) {
  start_network();
  ASSERT_EQ(network_.subnet, "172.17.0.0/16");
  database_->execute("DELETE FROM networks");
  EXPECT_EQ(default_network(*database_, instance_, "").subnet, "172.17.0.0/16");
}

TEST_F(HostPools, TheUsersChoiceWins) {
  const Network network = default_network(*database_, instance_, "10.9.3.7/20");
  EXPECT_EQ(network.subnet, "10.9.0.0/20");
  EXPECT_EQ(network.gateway, "10.9.3.7");
  EXPECT_EQ(network.interface, instance_.bridge);
  EXPECT_EQ(default_network(*database_, instance_, "").id, network.id);
  const auto [kind, message] = error_of([&] { default_network(*database_, instance_, "10.9.3.8/20"); });
  EXPECT_EQ(kind, ErrorKind::conflict);
  EXPECT_THAT(message,
              testing::HasSubstr("bip 10.9.3.8/20 contradicts network bridge, which exists with gateway 10.9.3.7"));
}

TEST_F(HostPools, RefuseABipThatIsNoHostsAddress) {
  for (const char* bad : {"10.9.0.1", "10.9.0.0/16", "10.9.255.255/16", "10.9.0.1/31", "10.9.0.1/7", "x/16"}) {
    EXPECT_EQ(error_of([&] { default_network(*database_, instance_, bad); }).first, ErrorKind::invalid_argument) << bad;
  }
}

}  // namespace
}  // namespace minidock::network
