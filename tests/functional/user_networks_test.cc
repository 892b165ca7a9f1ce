// Networks that users make.
#include <gmock/gmock.h>

#include "tests/functional/network_fixture.h"

namespace minidock::functional {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

class UserNetworks : public Network {
 protected:
  std::string create(const Arguments& arguments) {
    Arguments all = {"network", "create"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return box.minidock_ok(all);
  }
  std::string refusal(const Arguments& arguments) {
    Arguments all = {"network", "create"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const Result result = box.minidock(all);
    EXPECT_EQ(result.exit_code, 1);
    return result.err;
  }
  std::string shown(const std::string& network, const std::string& format) {
    return box.minidock_ok({"network", "inspect", "-f", format, network});
  }
  bool reaches(const std::string& container, const std::string& address) {
    return box.minidock({"exec", container, "ping", "-c", "1", "-W", "1", address}).exit_code == 0;
  }
};

TEST_F(UserNetworks, ThreeAreThereFromTheBeginning) {
  const std::vector<std::string> lines = lines_of(box.minidock_ok({"network", "ls"}));
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_THAT(lines[0], MatchesRegex("NETWORK ID +NAME +DRIVER +SCOPE"));
  EXPECT_THAT(lines[1], MatchesRegex("[0-9a-f]{12} +bridge +bridge +local"));
  EXPECT_THAT(lines[2], MatchesRegex("[0-9a-f]{12} +host +host +local"));
  EXPECT_THAT(lines[3], MatchesRegex("[0-9a-f]{12} +none +null +local"));
  EXPECT_EQ(shown("host", "{{.Id}}"), shown("host", "{{.Id}}"));
  for (const char* name : {"bridge", "host", "none"}) {
    const Result result = box.minidock({"network", "rm", name});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.err, HasSubstr("is a pre-defined network and cannot be removed"));
    EXPECT_THAT(refusal({name}), HasSubstr("operation is not permitted on predefined"));
  }
}

TEST_F(UserNetworks, AreShownAsTheyWereAskedFor) {
  const std::string id =
      create({"--subnet", "10.77.0.0/24", "--gateway", "10.77.0.9", "--ip-range", "10.77.0.64/26", "--aux-address",
              "printer=10.77.0.65", "--label", "tier=db", "-o", "com.docker.network.driver.mtu=1400", "net1"});
  EXPECT_EQ(shown("net1", "{{.Id}} {{.Driver}} {{.Internal}} {{json .Labels}}"),
            id + " bridge false {\"tier\":\"db\"}");
  EXPECT_EQ(shown(id.substr(0, 12), "{{json .IPAM.Config}}"),
            R"([{"Subnet":"10.77.0.0/24","IPRange":"10.77.0.64/26","Gateway":"10.77.0.9",)"
            R"("AuxiliaryAddresses":{"printer":"10.77.0.65"}}])");
  EXPECT_EQ(box.minidock_ok({"network", "ls", "-q", "--no-trunc", "--filter", "label=tier=db"}), id);
  EXPECT_EQ(box.minidock_ok({"network", "ls", "--filter", "type=custom", "--format", "{{.Name}}"}), "net1");
  EXPECT_EQ(box.minidock_ok({"inspect", "--type", "network", "-f", "{{.Name}}", "net1"}), "net1");
  EXPECT_EQ(box.minidock_ok({"network", "rm", "net1"}), "net1");
  EXPECT_EQ(box.minidock({"network", "exists", "net1"}).exit_code, 1);
  EXPECT_THAT(box.host({"ip", "-o", "link"}).out, Not(HasSubstr("md-")));
}

TEST_F(UserNetworks, ContainersHaveAddressesOfTheirs) {
  create(
      {"--subnet", "10.77.0.0/24", "--ip-range", "10.77.0.64/26", "-o", "com.docker.network.driver.mtu=1400", "net1"});
  box.run_detached({"--name", "c1", "--network", "net1"}, {"sleep", "600"});
  box.run_detached({"--name", "c2", "--network", "net1", "--ip", "10.77.0.200"}, {"sleep", "600"});
  EXPECT_THAT(box.address_of("c1"), StartsWith("10.77.0."));
  EXPECT_EQ(box.address_of("c1"), "10.77.0.65");  // the range's first is the gateway's
  EXPECT_EQ(box.address_of("c2"), "10.77.0.200");
  EXPECT_EQ(box.inspect("c2", "{{json .NetworkSettings.IPAddress}} {{.NetworkSettings.Networks.net1.Gateway}}"),
            "\"\" 10.77.0.64");
  EXPECT_EQ(box.minidock_ok({"exec", "c1", "cat", "/sys/class/net/eth0/mtu"}), "1400");
  EXPECT_TRUE(reaches("c1", "10.77.0.200"));
  EXPECT_EQ(box.minidock_ok({"ps", "--filter", "network=net1", "--format", "{{.Names}} {{.Networks}}"}),
            "c2 net1\nc1 net1");
  const std::string containers = shown("net1", "{{range .Containers}}{{.Name}} {{.IPv4Address}};{{end}}");
  EXPECT_THAT(containers, HasSubstr("c1 10.77.0.65/24;"));
  EXPECT_THAT(containers, HasSubstr("c2 10.77.0.200/24;"));
  // A taken address, one of nowhere, and one that nobody may choose.
  EXPECT_THAT(box.run({"--network", "net1", "--ip", "10.77.0.200"}, {"true"}).err, HasSubstr("Address already in use"));
  EXPECT_THAT(box.run({"--network", "net1", "--ip", "10.78.0.1"}, {"true"}).err, HasSubstr("does not belong to any"));
  create({"net2"});
  EXPECT_THAT(box.run({"--network", "net2", "--ip", "172.18.0.9"}, {"true"}).exit_code, 125);
  // It keeps its address when it is restarted.
  box.minidock_ok({"restart", "-t", "0", "c2"});
  EXPECT_EQ(box.address_of("c2"), "10.77.0.200");
}

TEST_F(UserNetworks, DoNotReachEachOther) {
  create({"net1"});
  create({"net2"});
  box.run_detached({"--name", "standard"}, {"sleep", "600"});
  box.run_detached({"--name", "c1", "--network", "net1"}, {"sleep", "600"});
  box.run_detached({"--name", "c1b", "--network", "net1"}, {"sleep", "600"});
  serve("web2", {"--network", "net2", "-p", "8081:80"}, "80");
  EXPECT_TRUE(reaches("c1", box.address_of("c1b")));
  EXPECT_FALSE(reaches("c1", box.address_of("web2")));
  EXPECT_FALSE(reaches("c1", box.address_of("standard")));
  EXPECT_FALSE(reaches("standard", box.address_of("c1")));
  EXPECT_EQ(fetch("127.0.0.1:8081"), "web2");
}

TEST_F(UserNetworks, InternalOnesHaveNoWayOut) {
  make_remote_host();
  create({"--internal", "closed"});
  create({"open"});
  box.run_detached({"--name", "in", "--network", "closed"}, {"sleep", "600"});
  box.run_detached({"--name", "in2", "--network", "closed"}, {"sleep", "600"});
  box.run_detached({"--name", "out", "--network", "open"}, {"sleep", "600"});
  EXPECT_TRUE(reaches("in", box.address_of("in2")));
  EXPECT_TRUE(reaches("out", "10.99.0.2"));
  EXPECT_FALSE(reaches("in", "10.99.0.2"));
  // Not even for one that gives itself a route.
  const std::string gateway = shown("closed", "{{(index .IPAM.Config 0).Gateway}}");
  box.shell("ip -n in route add default via " + gateway);
  EXPECT_FALSE(reaches("in", "10.99.0.2"));
}

TEST_F(UserNetworks, WithoutIccContainersReachTheHostAlone) {
  create({"-o", "com.docker.network.bridge.enable_icc=false", "net1"});
  box.run_detached({"--name", "c1", "--network", "net1"}, {"sleep", "600"});
  box.run_detached({"--name", "c2", "--network", "net1"}, {"sleep", "600"});
  EXPECT_FALSE(reaches("c1", box.address_of("c2")));
  EXPECT_TRUE(reaches("c1", shown("net1", "{{(index .IPAM.Config 0).Gateway}}")));
}

TEST_F(UserNetworks, PublishWhereTheNetworkSays) {
  make_remote_host();
  create({"-o", "com.docker.network.bridge.host_binding_ipv4=127.0.0.1", "local"});
  serve("web", {"--network", "local", "-p", "8081:80"});
  EXPECT_EQ(fetch("127.0.0.1:8081"), "web");
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8081", "2"), "");
  EXPECT_EQ(box.minidock_ok({"port", "web"}), "80/tcp -> 127.0.0.1:8081");
}

TEST_F(UserNetworks, AreNotRemovedWhileContainersRunInThem) {
  create({"used"});
  create({"idle"});
  box.run_detached({"--name", "cx", "--network", "used"}, {"sleep", "600"});
  EXPECT_THAT(box.minidock({"network", "rm", "used"}).err, HasSubstr("has active endpoints"));
  EXPECT_THAT(box.minidock_ok({"network", "prune", "-f"}), HasSubstr("Deleted Networks:\nidle"));
  box.minidock_ok({"stop", "-t", "0", "cx"});
  EXPECT_EQ(box.minidock_ok({"network", "rm", "used"}), "used");
  const Result result = box.minidock({"start", "cx"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("network used not found"));
}

TEST_F(UserNetworks, TellTheirEvents) {
  const std::string id = create({"net1"});
  box.run_detached({"--name", "cx", "--network", "net1"}, {"true"});
  box.minidock_ok({"wait", "cx"});
  box.minidock_ok({"rm", "cx"});
  box.minidock_ok({"network", "rm", "net1"});
  EXPECT_THAT(lines_of(box.minidock_ok({"events", "--since", "1m", "--until", "0s", "--filter", "type=network",
                                        "--format", "{{.Action}} {{.Actor.Attributes.name}}"})),
              ElementsAre("create net1", "connect net1", "disconnect net1", "destroy net1"));
}

TEST_F(UserNetworks, WhatCannotBeIsRefused) {
  create({"--subnet", "10.77.0.0/24", "net1"});
  EXPECT_THAT(refusal({"net1"}), HasSubstr("network with name net1 already exists"));
  EXPECT_THAT(refusal({"--subnet", "10.77.0.128/25", "n2"}), HasSubstr("Pool overlaps with other one"));
  EXPECT_THAT(refusal({"--subnet", "10.77.0.0/33", "n2"}), HasSubstr("invalid CIDR address"));
  EXPECT_THAT(refusal({"--gateway", "10.78.0.1", "n2"}), HasSubstr("must have a corresponding subnet"));
  EXPECT_THAT(refusal({"--subnet", "10.78.0.0/24", "--gateway", "10.79.0.1", "n2"}), HasSubstr("no matching subnet"));
  EXPECT_THAT(refusal({"--subnet", "10.78.0.0/24", "--ip-range", "10.79.0.0/26", "n2"}),
              HasSubstr("no matching subnet for range"));
  EXPECT_THAT(refusal({"-d", "nope", "n2"}), HasSubstr("plugin \"nope\" not found"));
  EXPECT_THAT(refusal({"-o", "com.docker.network.bridge.name=lo", "n2"}), HasSubstr("has such an interface already"));
  EXPECT_THAT(refusal({"-o", "com.docker.network.driver.mtu=x", "n2"}), HasSubstr("invalid value"));
  EXPECT_EQ(box.minidock({"network", "inspect", "n2"}).exit_code, 1);
}

}  // namespace
}  // namespace minidock::functional
