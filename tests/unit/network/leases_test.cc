#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "tests/unit/network/test_host.h"

namespace minidock::network {
namespace {

class Leases : public HostTest {};

TEST_F(Leases, AreGivenInOrderAndDescribeTheEndpoint) {
  network_ = default_network(*database_, instance_, "10.9.0.1/16");
  const Endpoint first = reserve("c1");
  EXPECT_EQ(first.address, "10.9.0.2");
  EXPECT_EQ(first.prefix_length, 16);
  EXPECT_EQ(first.gateway, "10.9.0.1");
  EXPECT_EQ(first.mac_address, "02:42:0a:09:00:02");
  EXPECT_EQ(first.host_interface, "md" + first.id.substr(0, 13));
  EXPECT_EQ(reserve("c2").address, "10.9.0.3");
}

TEST_F(Leases, ComeBackOnlyAfterTheRestWasGiven) {
  network_ = default_network(*database_, instance_, "10.9.0.3/29");
  EXPECT_EQ(reserve("c1").address, "10.9.0.4");
  release_reservations(*database_, "c1");
  std::vector<std::string> given;
  for (const char* id : {"c2", "c3", "c4", "c5", "c6"}) given.push_back(reserve(id).address);
  EXPECT_THAT(given, testing::ElementsAre("10.9.0.5", "10.9.0.6", "10.9.0.1", "10.9.0.2", "10.9.0.4"));
  const auto [kind, message] = error_of([&] { reserve("c7"); });
  EXPECT_EQ(kind, ErrorKind::unavailable);
  EXPECT_EQ(message, "no available IPv4 addresses on network bridge: each address of 10.9.0.0/29 is leased");
}

TEST_F(Leases, EndAtTheBridgesLimit) {
  network_ = default_network(*database_, instance_, "");
  storage::Transaction transaction(*database_);
  for (int i = 0; i < 1023; ++i) reserve_endpoint(*database_, network_, "c" + std::to_string(i));
  EXPECT_EQ(error_of([&] { reserve_endpoint(*database_, network_, "more"); }).first, ErrorKind::unavailable);
}

TEST_F(Leases, OfTwoProcessesNeverMeet) {
  network_ = default_network(*database_, instance_, "");
  constexpr int kEach = 100;
  std::vector<pid_t> children;
  for (int child = 0; child < 2; ++child) {
    const pid_t pid = fork();
    if (pid == 0) {
      storage::Database own = storage::Database::open(instance_.database());
      for (int i = 0; i < kEach; ++i) {
        storage::Transaction transaction(own);
        reserve_endpoint(own, network_, fmt::format("{}-{}", child, i));
        transaction.commit();
      }
      _exit(0);
    }
    children.push_back(pid);
  }
  for (const pid_t pid : children) EXPECT_EQ(sys::waitpid(pid), 0);
  storage::Statement rows = database_->prepare("SELECT count(*), count(DISTINCT address) FROM endpoints");
  rows.step();
  EXPECT_EQ(rows.int64(0), 2 * kEach);
  EXPECT_EQ(rows.int64(1), 2 * kEach);
}

TEST(GatewayEndpoint, IsOfNoInternalNetworkThenByPriorityThenByName) {
  const auto endpoint = [](const char* network, const char* gateway, int priority) {
    Endpoint result;
    result.network_name = network;
    result.address = "10.9.9.9";
    result.gateway = gateway;
    result.gateway_priority = priority;
    return result;
  };
  const auto chosen = [](const std::vector<Endpoint>& endpoints) {
    const Endpoint* gateway = gateway_endpoint(endpoints);
    return gateway == nullptr ? "none" : gateway->network_name;
  };
  const Endpoint closed = endpoint("a", "", 5);
  EXPECT_EQ(chosen({}), "none");
  EXPECT_EQ(chosen({closed}), "a");
  EXPECT_EQ(chosen({closed, endpoint("c", "10.3.0.1", 0), endpoint("b", "10.2.0.1", 0)}), "b");
  EXPECT_EQ(chosen({endpoint("b", "10.2.0.1", 0), endpoint("c", "10.3.0.1", 1)}), "c");
  EXPECT_EQ(chosen({endpoint("b", "10.2.0.1", -1), endpoint("c", "10.3.0.1", 0)}), "c");
}

TEST(PortTarget, IsAtABridgeThatLeadsOut) {
  Endpoint bridged;
  bridged.network_name = "a";
  bridged.address = "10.1.0.2";
  bridged.gateway = "10.1.0.1";
  Endpoint lan = bridged;
  lan.network_name = "b";
  lan.address = "192.168.50.2";
  lan.ipv6_address = "fd50::2";
  lan.driver = kMacvlanDriver;
  EXPECT_EQ(port_target({bridged, lan}), (PortTarget{"10.1.0.2", ""}));
  lan.gateway_priority = 1;
  EXPECT_EQ(port_target({bridged, lan}), PortTarget{});
  EXPECT_EQ(port_target({lan}), PortTarget{});
}

}  // namespace
}  // namespace minidock::network
