#include <gmock/gmock.h>
#include <net/if.h>

#include "network/sysctls.h"
#include "tests/unit/network/test_host.h"

namespace minidock::network {
namespace {

using testing::HasSubstr;
using testing::Not;

class Endpoints : public HostTest {
 protected:
  void SetUp() override {
    HostTest::SetUp();
    start_network();
  }
};

TEST_F(Endpoints, HaveAddressMacRouteAndNoIpv6) {
  const Container container = start_container("c1");
  const std::string inside = output_in(container.netns.get(), "ip addr show eth0");
  EXPECT_THAT(inside, HasSubstr("2: eth0"));
  EXPECT_THAT(inside, HasSubstr(",UP,"));
  EXPECT_THAT(inside, HasSubstr("mtu 1500"));
  EXPECT_THAT(inside, HasSubstr("02:42:ac:11:00:02"));
  EXPECT_THAT(inside, HasSubstr("inet 172.17.0.2/16 brd 172.17.255.255"));
  EXPECT_THAT(inside, Not(HasSubstr("inet6")));
  EXPECT_THAT(output_in(container.netns.get(), "ip route"), HasSubstr("default via 172.17.0.1 dev eth0"));
  EXPECT_THAT(output_in(container.netns.get(), "ip addr show lo"), HasSubstr("::1/128"));
  const std::string host_end = output_of("ip -d addr show " + container.endpoint.host_interface);
  EXPECT_THAT(host_end, HasSubstr("master " + instance_.bridge));
  EXPECT_THAT(host_end, HasSubstr("hairpin on"));
  EXPECT_THAT(host_end, HasSubstr(",UP,"));
  EXPECT_THAT(host_end, Not(HasSubstr("inet6")));
}

TEST_F(Endpoints, TakeAnotherIndexWhenASecondInterfaceIsThereAlready) {
  Container container{"c1", reserve("c1"), new_netns()};
  output_in(container.netns.get(), "ip link add tunnel type veth peer name tunnel1");
  attach_endpoint(instance_, network_, container.endpoint, container.netns.get(), {.ipv4 = true});
  EXPECT_THAT(output_in(container.netns.get(), "ip addr show eth0"), HasSubstr("inet 172.17.0.2/16"));
}

TEST_F(Endpoints, ReachTheHostAndEachOtherAndAreReached) {
  const Container one = start_container("c1");
  const Container two = start_container("c2");
  const Fd host_server = serve_tcp(host_.get(), "0.0.0.0", 9000);
  const Fd server = serve_tcp(two.netns.get(), "0.0.0.0", 80);
  EXPECT_EQ(connect_to(one.netns.get(), "172.17.0.1", 9000, host_server), "172.17.0.2");
  EXPECT_EQ(connect_to(one.netns.get(), "172.17.0.3", 80, server), "172.17.0.2");
  EXPECT_EQ(connect_to(host_.get(), "172.17.0.3", 80, server), "172.17.0.1");
}

TEST_F(Endpoints, SpeakOutsideWithTheHostsAddress) {
  const Container container = start_container("c1");
  const Fd remote = connect_remote();
  const Fd server = serve_tcp(remote.get(), "0.0.0.0", 80);
  EXPECT_EQ(connect_to(container.netns.get(), "198.51.100.2", 80, server), "198.51.100.1");
}

TEST_F(Endpoints, HostSpeakingToItsGatewayAddressKeepsIt) {
  const Fd server = serve_tcp(host_.get(), "0.0.0.0", 80);
  EXPECT_EQ(connect_to(host_.get(), "172.17.0.1", 80, server), "172.17.0.1");
}

TEST_F(Endpoints, HostEndIsRemovedWhenANamespaceStaysOpen) {
  const Container container = start_container("c1");
  remove_host_interface(container.endpoint.host_interface);
  EXPECT_EQ(if_nametoindex(container.endpoint.host_interface.c_str()), 0U);
  remove_host_interface(container.endpoint.host_interface);
}

TEST_F(Endpoints, AMissingBridgeIsNamed) {
  output_of("ip link del " + instance_.bridge);
  const auto [kind, message] = error_of([&] { start_container("c1"); });
  EXPECT_EQ(kind, ErrorKind::not_found);
  EXPECT_EQ(message, "no such interface: " + instance_.bridge);
}

TEST_F(Endpoints, AVisitEndsAtHome) {
  const struct stat before = sys::fstat(current_netns().get());
  start_container("c1");
  EXPECT_EQ(sys::fstat(current_netns().get()).st_ino, before.st_ino);
}

TEST_F(Endpoints, NoneHasLoopbackOnly) {
  const Fd netns = new_netns();
  bring_up_loopback(netns.get());
  const Fd server = serve_tcp(netns.get(), "127.0.0.1", 80);
  EXPECT_EQ(connect_to(netns.get(), "127.0.0.1", 80, server), "127.0.0.1");
  EXPECT_THAT(output_in(netns.get(), "ip -o link"), Not(HasSubstr("eth0")));
}

}  // namespace
}  // namespace minidock::network
