// Containers on several networks, connected and disconnected while they run or not.
#include <gmock/gmock.h>

#include "tests/functional/network_fixture.h"

namespace minidock::functional {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class Connect : public Network {
 protected:
  void SetUp() override {
    Network::SetUp();
    box.minidock_ok({"network", "create", "--subnet", "10.77.0.0/24", "net1"});
    box.minidock_ok({"network", "create", "--subnet", "10.78.0.0/24", "net2"});
  }
  std::string inside(const std::string& container, const std::string& script) {
    return box.minidock_ok({"exec", container, "sh", "-c", script});
  }
  // "eth0 10.77.0.2/24", in the order of the interfaces.
  std::vector<std::string> addresses(const std::string& container) {
    return lines_of(inside(container, "ip -o -4 addr | awk '$2 != \"lo\" {print $2, $4}'"));
  }
  std::string way_out(const std::string& container) {
    return inside(container, "ip route | awk '$1 == \"default\" {print $3}'");
  }
  std::string networks(const std::string& container) {
    return box.inspect(container, "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{.IPAddress}};{{end}}");
  }
};

TEST_F(Connect, SeveralNetworksFromTheStart) {
  box.run_detached({"--name", "cx", "--network", "net2", "--ip", "10.78.0.9", "--network",
                    "name=net1,ip=10.77.0.8,mac-address=02:42:0a:4d:00:99"},
                   {"sleep", "600"});
  EXPECT_THAT(addresses("cx"), ElementsAre("eth0 10.78.0.9/24", "eth1 10.77.0.8/24"));
  EXPECT_EQ(way_out("cx"), "10.77.0.1");  // docker's choice: the first by name
  EXPECT_EQ(inside("cx", "cat /sys/class/net/eth1/address"), "02:42:0a:4d:00:99");
  EXPECT_EQ(networks("cx"), "net1 10.77.0.8;net2 10.78.0.9;");
  EXPECT_EQ(box.minidock_ok({"ps", "--format", "{{.Networks}}"}), "net1,net2");
  EXPECT_EQ(box.minidock_ok({"ps", "-q", "--no-trunc", "--filter", "network=net1"}), box.inspect("cx", "{{.Id}}"));
  EXPECT_THAT(inside("cx", "cat /etc/hosts"), AllOf(HasSubstr("10.78.0.9\t"), HasSubstr("10.77.0.8\t")));
  box.minidock_ok({"restart", "-t", "0", "cx"});
  EXPECT_THAT(addresses("cx"), ElementsAre("eth0 10.78.0.9/24", "eth1 10.77.0.8/24"));
}

TEST_F(Connect, ThePriorityDecidesTheWayOut) {
  box.run_detached({"--name", "cx", "--network", "net1", "--network", "name=net2,gw-priority=1"}, {"sleep", "600"});
  EXPECT_EQ(way_out("cx"), "10.78.0.1");
  box.minidock_ok({"network", "create", "--internal", "a-closed"});
  box.minidock_ok({"network", "connect", "a-closed", "cx"});
  EXPECT_EQ(way_out("cx"), "10.78.0.1");  // an internal one is none
  box.minidock_ok({"network", "disconnect", "net2", "cx"});
  EXPECT_EQ(way_out("cx"), "10.77.0.1");
}

TEST_F(Connect, ARunningContainerIsConnectedAtOnce) {
  serve("web", {"--network", "net2", "-p", "8081:80"});
  box.run_detached({"--name", "peer", "--network", "net1"}, {"sleep", "600"});
  box.minidock_ok({"network", "connect", "--ip", "10.77.0.50", "--alias", "shop", "net1", "web"});
  EXPECT_THAT(fetch_inside("peer", "10.77.0.50", "80"), HasSubstr("web"));
  EXPECT_EQ(way_out("web"), "10.77.0.1");
  // Its published port follows the way out, and back.
  EXPECT_EQ(fetch("127.0.0.1:8081"), "web");
  EXPECT_THAT(inside("web", "cat /etc/hosts"), HasSubstr("10.77.0.50\t"));
  EXPECT_THAT(box.minidock_ok({"network", "inspect", "-f", "{{json .Containers}}", "net1"}),
              HasSubstr("\"IPv4Address\":\"10.77.0.50/24\""));
  EXPECT_THAT(box.inspect("web", "{{json .NetworkSettings.Networks.net1.Aliases}}"), HasSubstr("[\"shop\","));
  box.minidock_ok({"restart", "-t", "0", "web"});
  EXPECT_THAT(addresses("web"), ElementsAre("eth0 10.78.0.3/24", "eth1 10.77.0.50/24"));
  box.minidock_ok({"network", "disconnect", "net1", "web"});
  EXPECT_THAT(addresses("web"), ElementsAre("eth0 10.78.0.3/24"));
  EXPECT_THAT(inside("web", "cat /etc/hosts"), Not(HasSubstr("10.77.0.50")));
  EXPECT_EQ(fetch("127.0.0.1:8081"), "web");
  EXPECT_EQ(networks("web"), "net2 10.78.0.3;");
  // Those of the making of the networks and of the peer come first.
  EXPECT_THAT(box.minidock_ok({"events", "--since", "1m", "--until", "0s", "--filter", "type=network", "--format",
                               "{{.Action}} {{.Actor.Attributes.name}}"}),
              testing::EndsWith("connect net1\ndisconnect net2\ndisconnect net1\nconnect net2\nconnect net1\n"
                                "disconnect net1"));
}

TEST_F(Connect, WithoutAnyNetworkAContainerIsAlone) {
  serve("web", {"--network", "net1", "-p", "8081:80"});
  box.minidock_ok({"network", "disconnect", "net1", "web"});
  EXPECT_TRUE(addresses("web").empty());
  // Whoever gets its address does not get its port.
  serve("other", {"--network", "net1", "--ip", "10.77.0.2"});
  EXPECT_NE(box.host({"curl", "-s", "--max-time", "2", "--noproxy", "*", "http://127.0.0.1:8081/"}).exit_code, 0);
  box.minidock_ok({"network", "create", "third"});
  EXPECT_NE(box.host({"curl", "-s", "--max-time", "2", "--noproxy", "*", "http://127.0.0.1:8081/"}).exit_code, 0);
  box.minidock_ok({"network", "connect", "net2", "web"});
  EXPECT_EQ(fetch("127.0.0.1:8081"), "web");
  box.minidock_ok({"network", "disconnect", "net2", "web"});
  box.minidock_ok({"restart", "-t", "0", "web"});
  EXPECT_TRUE(addresses("web").empty());
}

TEST_F(Connect, AStoppedContainerGetsItAtItsStart) {
  box.load("busybox");
  box.minidock_ok({"create", "--name", "cx", "--network", "net1", "busybox", "sleep", "600"});
  box.minidock_ok({"network", "connect", "net2", "cx"});
  EXPECT_EQ(networks("cx"), "net1 ;net2 ;");
  box.minidock_ok({"network", "disconnect", "net1", "cx"});
  box.minidock_ok({"start", "cx"});
  EXPECT_THAT(addresses("cx"), ElementsAre("eth0 10.78.0.2/24"));
}

TEST_F(Connect, ARestartingShimKeepsAllNetworks) {
  box.run_detached({"--name", "cx", "--restart", "always", "--network", "net1"}, {"sleep", "600"});
  box.minidock_ok({"network", "connect", "net2", "cx"});
  const pid_t before = box.pid_of("cx");
  ::kill(before, SIGKILL);
  ASSERT_TRUE(Sandbox::eventually([&] {
    const pid_t now = box.pid_of("cx");
    return now > 0 && now != before;
  }));
  EXPECT_THAT(addresses("cx"), ElementsAre("eth0 10.77.0.2/24", "eth1 10.78.0.2/24"));
}

TEST_F(Connect, AFailureLeavesTheContainerAsItWas) {
  box.run_detached({"--name", "cx", "--network", "net1"}, {"sleep", "600"});
  // Somebody's interface has the name that is to be used.
  box.shell("ip -n cx link add eth1 type bridge");
  EXPECT_EQ(box.minidock({"network", "connect", "net2", "cx"}).exit_code, 1);
  EXPECT_EQ(networks("cx"), "net1 10.77.0.2;");
  EXPECT_EQ(box.minidock_ok({"network", "inspect", "-f", "{{len .Containers}}", "net2"}), "0");
  EXPECT_EQ(box.minidock_ok({"network", "rm", "net2"}), "net2");
}

TEST_F(Connect, AGuestLosesTheAddressThatItsHostGivesBack) {
  box.run_detached({"--name", "cx", "--network", "net1", "--ip", "10.77.0.9"}, {"sleep", "600"});
  box.run_detached({"--name", "guest", "--network", "container:cx"}, {"sleep", "600"});
  EXPECT_THAT(box.minidock_ok({"exec", "guest", "ip", "addr"}), HasSubstr("10.77.0.9/"));
  box.minidock_ok({"rm", "-f", "cx"});
  box.run_detached({"--name", "next", "--network", "net1", "--ip", "10.77.0.9"}, {"sleep", "600"});
  EXPECT_THAT(box.minidock_ok({"exec", "guest", "ip", "addr"}), Not(HasSubstr("10.77.0.9")));
}

TEST_F(Connect, WhatCannotBeIsRefused) {
  box.run_detached({"--name", "cx", "--network", "net1"}, {"sleep", "600"});
  box.run_detached({"--name", "alone", "--network", "none"}, {"sleep", "600"});
  box.run_detached({"--name", "guest", "--network", "container:cx"}, {"sleep", "600"});
  const auto refusal = [&](const Arguments& words) {
    Arguments all = {"network"};
    all.insert(all.end(), words.begin(), words.end());
    const Result result = box.minidock(all);
    EXPECT_EQ(result.exit_code, 1);
    return result.err;
  };
  EXPECT_THAT(refusal({"connect", "net1", "cx"}), HasSubstr("already exists in network net1"));
  EXPECT_THAT(refusal({"connect", "nope", "cx"}), HasSubstr("nope"));
  EXPECT_THAT(refusal({"connect", "net1", "nobody"}), HasSubstr("No such container: nobody"));
  EXPECT_THAT(refusal({"connect", "host", "cx"}), HasSubstr("connected to host network"));
  EXPECT_THAT(refusal({"connect", "net1", "alone"}), HasSubstr("private (none) mode"));
  EXPECT_THAT(refusal({"connect", "net2", "guest"}), HasSubstr("sharing network namespace with another container"));
  EXPECT_THAT(refusal({"connect", "--ip", "10.99.0.1", "net2", "cx"}), HasSubstr("does not belong to any"));
  EXPECT_THAT(refusal({"disconnect", "net2", "cx"}), HasSubstr("is not connected to network net2"));
  EXPECT_EQ(networks("cx"), "net1 10.77.0.2;");
  EXPECT_EQ(box.run({"--network", "net1", "--network", "host"}, {"true"}).exit_code, 125);
  EXPECT_EQ(box.run({"--network", "net1", "--network", "net1"}, {"true"}).exit_code, 125);
  EXPECT_EQ(box.run({"--network", "name=net1,nope=1"}, {"true"}).exit_code, 125);
}

}  // namespace
}  // namespace minidock::functional
