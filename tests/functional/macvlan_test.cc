// Networks without a bridge: containers stand on an interface of the host and are machines of its LAN.
#include <gmock/gmock.h>
#include <signal.h>

#include "tests/functional/network_fixture.h"

namespace minidock::functional {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

// The LAN on interface card0: a router, 192.168.50.1 and fd50::1, with 203.0.113.1 and 2001:db8::1 behind it.
class Macvlan : public Network {
 protected:
  void SetUp() override {
    Network::SetUp();
    make_lan("lan", "card0", "192.168.50.1/24", "fd50::1/64");
    box.shell("ip -n lan addr add 203.0.113.1/32 dev lo && ip -n lan addr add 2001:db8::1/128 dev lo");
  }
  // The parent is the administrator's.
  void TearDown() override {
    EXPECT_THAT(box.host({"ip", "-o", "link", "show", "card0"}).out, HasSubstr("card0@")) << "the parent is gone";
    Network::TearDown();
  }
  void make_lan(const std::string& router, const std::string& card, const std::string& ipv4, const std::string& ipv6) {
    box.shell("ip netns add " + router + " && ip link add " + card + " type veth peer name port netns " + router +
              " && ip link set " + card + " up && ip -n " + router + " link set lo up && ip -n " + router +
              " addr add " + ipv4 + " dev port && ip -n " + router + " addr add " + ipv6 + " dev port nodad && ip -n " +
              router + " link set port up");
  }
  std::string create(const Arguments& arguments) {
    Arguments all = {"network", "create", "-d", "macvlan"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return box.minidock_ok(all);
  }
  std::string create_lan() { return create({"--subnet", "192.168.50.0/24", "-o", "parent=card0", "lan"}); }
  std::string refusal(const Arguments& arguments, const std::string& driver = "macvlan") {
    Arguments all = {"network", "create", "-d", driver};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const Result result = box.minidock(all);
    EXPECT_EQ(result.exit_code, 1) << result.out;
    EXPECT_EQ(box.minidock({"network", "exists", arguments.back()}).exit_code, 1) << "a network is left";
    return result.err;
  }
  void sleeper(const std::string& name, const Arguments& options) {
    Arguments all = {"--name", name};
    all.insert(all.end(), options.begin(), options.end());
    box.run_detached(all, {"sleep", "600"});
  }
  // As serve(), for who is reached from the LAN alone.
  void serve_lan(const std::string& name, const Arguments& options) {
    Arguments all = {"--name", name};
    all.insert(all.end(), options.begin(), options.end());
    box.run_detached(all, {"sh", "-c", "mkdir /www; echo " + name + " > /www/index.html; exec httpd -f -p 80 -h /www"});
    EXPECT_TRUE(Sandbox::eventually([&] { return fetch_from("lan", box.address_of(name) + ":80") == name; }))
        << name << " does not answer";
  }
  std::string inside(const std::string& container, const std::string& script) {
    return box.minidock_ok({"exec", container, "sh", "-c", script});
  }
  std::string way_out(const std::string& container) {
    return inside(container, "ip route | awk '$1 == \"default\" {print $3}'");
  }
  bool reaches(const std::string& container, const std::string& address) {
    return box.minidock({"exec", container, "ping", "-c", "1", "-W", "1", address}).exit_code == 0;
  }
  bool router_reaches(const std::string& address) {
    return box.host({"ip", "netns", "exec", "lan", "ping", "-c", "1", "-W", "1", address}).exit_code == 0;
  }
  std::string links() { return box.host({"ip", "-o", "link"}).out; }
  // Whether the kernel has VLANs, ipvlan, …
  bool has_link_kind(const std::string& kind) {
    return box.host({"sh", "-c", "ip link add link card0 name probe type " + kind + " && ip link del probe"})
               .exit_code == 0;
  }
};

TEST_F(Macvlan, AContainerIsAMachineOfTheLan) {
  const std::string id =
      create({"--subnet", "192.168.50.0/24", "--gateway", "192.168.50.1", "--ip-range", "192.168.50.64/26",
              "--aux-address", "printer=192.168.50.64", "-o", "parent=card0", "--label", "tier=lan", "lan"});
  serve_lan("web", {"--network", "lan"});
  EXPECT_EQ(box.address_of("web"), "192.168.50.65");
  EXPECT_TRUE(reaches("web", "192.168.50.1"));
  EXPECT_TRUE(reaches("web", "203.0.113.1"));
  EXPECT_EQ(way_out("web"), "192.168.50.1");
  EXPECT_EQ(inside("web", "cat /sys/class/net/eth0/address"), "02:42:c0:a8:32:41");
  EXPECT_THAT(inside("web", "ip -6 addr show eth0"), Not(HasSubstr("inet6")));
  // Who has no bridge needs none of the host.
  EXPECT_THAT(links(), Not(HasSubstr(": md")));
  EXPECT_EQ(box.host({"nft", "list", "ruleset"}).out, "");
  EXPECT_EQ(box.shell("sysctl -n net.ipv4.ip_forward"), "0");
  // As docker shows it.
  const auto shown = [&](const std::string& format) {
    return box.minidock_ok({"network", "inspect", "-f", format, "lan"});
  };
  EXPECT_EQ(shown("{{.Id}} {{.Driver}} {{.Internal}} {{json .Options}}"), id + " macvlan false {\"parent\":\"card0\"}");
  EXPECT_EQ(shown("{{json .IPAM.Config}}"),
            R"([{"Subnet":"192.168.50.0/24","IPRange":"192.168.50.64/26","Gateway":"192.168.50.1",)"
            R"("AuxiliaryAddresses":{"printer":"192.168.50.64"}}])");
  EXPECT_EQ(shown("{{range .Containers}}{{.Name}} {{.IPv4Address}} {{.MacAddress}}{{end}}"),
            "web 192.168.50.65/24 02:42:c0:a8:32:41");
  EXPECT_EQ(box.minidock_ok({"network", "ls", "--filter", "driver=macvlan", "--format", "{{.Name}} {{.Driver}}"}),
            "lan macvlan");
  EXPECT_THAT(box.minidock_ok({"events", "--since", "1m", "--until", "0s", "--filter", "type=network", "--format",
                               "{{.Action}} {{.Actor.Attributes.type}}"}),
              AllOf(HasSubstr("create macvlan"), HasSubstr("connect macvlan")));
  EXPECT_THAT(box.minidock_ok({"info", "--format", "{{json .Plugins.Network}}"}), HasSubstr("\"macvlan\""));
}

TEST_F(Macvlan, ContainersReachEachOtherUnlessPrivate) {
  create_lan();
  sleeper("c1", {"--network", "lan"});
  sleeper("c2", {"--network", "lan", "--ip", "192.168.50.77", "--mac-address", "02:42:00:00:00:77"});
  EXPECT_TRUE(reaches("c1", "192.168.50.77"));
  EXPECT_EQ(inside("c2", "cat /sys/class/net/eth0/address"), "02:42:00:00:00:77");
  // By the names that the shims answer for.
  EXPECT_TRUE(reaches("c1", "c2"));
  EXPECT_THAT(inside("c1", "nslookup c2.lan"), HasSubstr("192.168.50.77"));
  // Another network on the same interface, as docker since 26.
  create({"--subnet", "192.168.60.0/24", "-o", "parent=card0", "-o", "macvlan_mode=private", "apart"});
  sleeper("p1", {"--network", "apart"});
  sleeper("p2", {"--network", "apart"});
  box.shell("ip -n lan addr add 192.168.60.1/24 dev port");
  EXPECT_TRUE(reaches("p1", "192.168.60.1"));
  EXPECT_FALSE(reaches("p1", box.address_of("p2")));
}

TEST_F(Macvlan, ItsAddressesAreAskedForOnTheLan) {
  box.shell("ip -n lan -6 addr add fd50::3/64 dev port nodad");
  create({"--ipv6", "--subnet", "192.168.50.0/24", "--subnet", "fd50::/64", "-o", "parent=card0", "lan"});
  // Usable at once, while the LAN is asked whether somebody has the address.
  EXPECT_EQ(box.run({"--network", "lan"}, {"ping", "-6", "-c", "1", "-W", "2", "fd50::1"}).exit_code, 0);
  sleeper("c3", {"--network", "lan"});
  sleeper("c4", {"--network", "lan", "--ip6", "fd50::44"});
  EXPECT_TRUE(reaches("c4", "2001:db8::1"));
  EXPECT_EQ(box.inspect("c3", "{{.NetworkSettings.Networks.lan.GlobalIPv6Address}}"), "fd50::3");
  // The router's own stays unused.
  const auto is_tentative = [&](const std::string& container) {
    return inside(container, "ip -6 addr show eth0").find("tentative") != std::string::npos;
  };
  EXPECT_TRUE(Sandbox::eventually([&] { return !is_tentative("c4"); }));
  EXPECT_TRUE(is_tentative("c3"));
  EXPECT_THAT(inside("c4", "ip -6 route"), HasSubstr("default via fd50::1"));
  EXPECT_EQ(inside("c4", "cat /proc/sys/net/ipv6/conf/eth0/accept_ra"), "0");
}

TEST_F(Macvlan, InternalOnesLeadNowhere) {
  create({"--internal", "--subnet", "192.168.50.0/24", "-o", "parent=card0", "closed"});
  create({"--subnet", "192.168.60.0/24", "alone"});  // without a parent
  for (const char* network : {"closed", "alone"}) {
    EXPECT_EQ(box.minidock_ok({"network", "inspect", "-f", "{{.Internal}}", network}), "true");
    const std::string first = std::string(network) + "1";
    const std::string second = std::string(network) + "2";
    sleeper(first, {"--network", network});
    sleeper(second, {"--network", network});
    EXPECT_TRUE(reaches(first, second));
    EXPECT_EQ(way_out(first), "");
    EXPECT_FALSE(reaches(first, "192.168.50.1"));
    // Not even for one that gives itself a route.
    box.shell("ip -n " + first + " route add default dev eth0");
    EXPECT_FALSE(reaches(first, "203.0.113.1"));
    box.minidock_ok({"rm", "-f", first, second});
    EXPECT_THAT(links(), HasSubstr(": md"));
    box.minidock_ok({"network", "rm", network});
  }
  EXPECT_THAT(links(), Not(HasSubstr(": md")));
}

TEST_F(Macvlan, AVlanIsMadeAndTakenAway) {
  const Arguments vlan = {"--subnet", "192.168.51.0/24", "-o", "parent=card0.51", "vlan"};
  EXPECT_THAT(refusal({"-o", "parent=card0.4095", "bad"}), HasSubstr("vlan id must be between 1-4094, received: 4095"));
  EXPECT_THAT(refusal({"-o", "parent=nocard.5", "bad"}), HasSubstr("there is no interface nocard on this host"));
  if (!has_link_kind("vlan id 7")) {
    EXPECT_THAT(refusal(vlan), HasSubstr("this kernel has no 802.1Q VLANs"));
    GTEST_SKIP() << "this kernel has no VLANs";
  }
  box.shell(
      "ip -n lan link add link port name port.51 type vlan id 51 && ip -n lan addr add 192.168.51.1/24 dev port.51 &&"
      "ip -n lan link set port.51 up");
  create(vlan);
  create({"--subnet", "192.168.52.0/24", "-o", "parent=card0.51", "second"});
  EXPECT_THAT(box.shell("ip -d -o link show card0.51"),
              AllOf(HasSubstr("vlan protocol 802.1Q id 51"), HasSubstr(",UP")));
  sleeper("c1", {"--network", "vlan"});
  EXPECT_TRUE(reaches("c1", "192.168.51.1"));
  box.shell("ip -n lan link set port.51 down");
  EXPECT_FALSE(reaches("c1", "192.168.51.1")) << "not by the VLAN";
  box.shell("ip -n lan link set port.51 up");
  box.minidock_ok({"rm", "-f", "c1"});
  // After a boot it is not there.
  box.shell("ip link del card0.51");
  sleeper("c2", {"--network", "vlan"});
  EXPECT_TRUE(reaches("c2", "192.168.51.1"));
  box.minidock_ok({"rm", "-f", "c2"});
  box.minidock_ok({"network", "rm", "vlan"});
  EXPECT_THAT(links(), HasSubstr("card0.51")) << "the other network stands on it";
  box.minidock_ok({"network", "rm", "second"});
  EXPECT_THAT(links(), Not(HasSubstr("card0.51")));
  // The administrator's own stays.
  box.shell("ip link add link card0 name card0.51 type vlan id 51 && ip link set card0.51 up");
  create(vlan);
  box.minidock_ok({"network", "rm", "vlan"});
  EXPECT_THAT(links(), HasSubstr("card0.51"));
}

TEST_F(Macvlan, ARunningContainerIsConnectedAndDisconnected) {
  box.minidock_ok({"network", "create", "--subnet", "10.77.0.0/24", "net1"});
  create_lan();
  create({"--subnet", "192.168.60.0/24", "-o", "parent=card0", "zlan"});
  sleeper("cx", {"--network", "net1"});
  sleeper("peer", {"--network", "lan"});
  box.minidock_ok({"network", "connect", "--gw-priority", "1", "--ip", "192.168.50.60", "lan", "cx"});
  EXPECT_TRUE(reaches("cx", "203.0.113.1"));
  EXPECT_EQ(way_out("cx"), "192.168.50.1");
  EXPECT_TRUE(reaches("cx", "10.77.0.1"));
  EXPECT_TRUE(reaches("cx", "peer"));
  EXPECT_TRUE(reaches("peer", "cx"));
  EXPECT_THAT(inside("cx", "cat /etc/hosts"), HasSubstr("192.168.50.60\t"));
  // From one without a bridge to another one.
  box.minidock_ok({"network", "connect", "--gw-priority", "2", "zlan", "cx"});
  EXPECT_EQ(way_out("cx"), "192.168.60.1");
  box.minidock_ok({"network", "disconnect", "zlan", "cx"});
  EXPECT_EQ(way_out("cx"), "192.168.50.1");
  EXPECT_THAT(inside("cx", "ip -o link"), Not(HasSubstr("eth2")));
  EXPECT_THAT(box.minidock({"network", "rm", "lan"}).err, HasSubstr("has active endpoints"));
  box.minidock_ok({"network", "disconnect", "lan", "cx"});
  EXPECT_EQ(way_out("cx"), "10.77.0.1");
  EXPECT_THAT(inside("cx", "ip -o link"), Not(HasSubstr("eth1")));
  EXPECT_FALSE(router_reaches("192.168.50.60"));
  // Somebody's interface has the name that is to be used: it stays.
  box.shell("ip -n cx link add eth1 type veth peer name other");
  EXPECT_EQ(box.minidock({"network", "connect", "lan", "cx"}).exit_code, 1);
  EXPECT_THAT(inside("cx", "ip -o link"), HasSubstr("eth1"));
  box.minidock_ok({"stop", "-t", "0", "peer"});
  EXPECT_THAT(box.minidock_ok({"network", "prune", "-f"}), AllOf(HasSubstr("lan"), Not(HasSubstr("net1"))));
}

TEST_F(Macvlan, ARestartedContainerKeepsItsAddress) {
  create_lan();
  sleeper("cx", {"--network", "lan", "--restart", "always", "--ip", "192.168.50.60"});
  for (int i = 0; i < 3; ++i) {  // the kernel takes the last run's interface away when it gets to it
    box.minidock_ok({"restart", "-t", "0", "cx"});
    EXPECT_TRUE(router_reaches("192.168.50.60")) << i;
  }
  // Somebody keeps the last run's network namespace, and the interface in it, for a while longer.
  box.shell("nsenter -t " + std::to_string(box.pid_of("cx")) + " -n sleep 2 >/dev/null 2>&1 &");
  box.minidock_ok({"restart", "-t", "0", "cx"});
  EXPECT_TRUE(router_reaches("192.168.50.60"));
  const pid_t before = box.pid_of("cx");
  kill_process(before, SIGKILL);
  ASSERT_TRUE(Sandbox::eventually([&] {
    const pid_t now = box.pid_of("cx");
    return now > 0 && now != before;
  }));
  EXPECT_TRUE(router_reaches("192.168.50.60"));
  EXPECT_EQ(way_out("cx"), "192.168.50.1");
}

TEST_F(Macvlan, ATakenAddressIsTold) {
  create_lan();
  box.shell("ip link add link card0 name other address 02:42:c0:a8:32:3c type macvlan && ip link set other up");
  const Result result = box.run({"--network", "lan", "--ip", "192.168.50.60"}, {"true"});
  EXPECT_EQ(result.exit_code, 125);
  EXPECT_THAT(result.err, HasSubstr("another interface on card0, the parent of network lan, has address 192.168.50.60 "
                                    "or 02:42:c0:a8:32:3c already"));
  box.shell("ip link del other");
}

TEST_F(Macvlan, PublishedPortsAreOfBridges) {
  create_lan();
  box.minidock_ok({"network", "create", "--subnet", "10.77.0.0/24", "net1"});
  box.load("busybox");
  const Result alone =
      box.minidock({"run", "-d", "--name", "c1", "--network", "lan", "-p", "8081:80", "busybox", "sleep", "600"});
  EXPECT_EQ(alone.exit_code, 0) << alone.err;
  EXPECT_THAT(alone.err, HasSubstr("WARNING: Published ports are discarded: container c1 leads out by network lan "
                                   "(driver macvlan), where it is reached at 192.168.50.2 itself"));
  EXPECT_EQ(box.minidock_ok({"port", "c1"}), "");
  EXPECT_EQ(box.minidock_ok({"ps", "--format", "{{.Ports}}"}), "80/tcp");  // exposed alone
  EXPECT_THAT(box.minidock({"update", "--publish-add", "8082:80", "c1"}).err,
              HasSubstr("cannot publish ports of container c1: it leads out by network lan (driver macvlan)"));
  // With a bridge that leads out they are published, and lead nowhere while another network does.
  serve("web", {"--network", "name=net1,gw-priority=1", "-p", "8081:80"});
  box.minidock_ok({"network", "connect", "lan", "web"});
  EXPECT_EQ(fetch("127.0.0.1:8081"), "web");
  box.minidock_ok({"network", "disconnect", "lan", "web"});
  box.minidock_ok({"network", "connect", "--gw-priority", "2", "lan", "web"});
  EXPECT_NE(box.host({"curl", "-s", "--max-time", "2", "--noproxy", "*", "http://127.0.0.1:8081/"}).exit_code, 0);
  EXPECT_EQ(fetch_from("lan", box.inspect("web", "{{.NetworkSettings.Networks.lan.IPAddress}}") + ":80"), "web");
  box.minidock_ok({"network", "disconnect", "lan", "web"});
  EXPECT_EQ(fetch("127.0.0.1:8081"), "web");
}

TEST_F(Macvlan, TheHostIsFoundByABridgeAlone) {
  create_lan();
  box.minidock_ok({"network", "create", "--subnet", "10.77.0.0/24", "net1"});
  EXPECT_THAT(box.run({"--network", "lan", "--add-host", "up:host-gateway"}, {"true"}).err,
              HasSubstr("unable to derive the IP value for host-gateway"));
  const Result both =
      box.run({"--network", "name=lan,gw-priority=1", "--network", "net1", "--add-host", "up:host-gateway"},
              {"grep", "up", "/etc/hosts"});
  EXPECT_THAT(both.out, HasSubstr("10.77.0.1\tup")) << both.err;
}

TEST_F(Macvlan, WhatCannotBeIsRefused) {
  EXPECT_THAT(refusal({"-o", "parent=lo", "bad"}), HasSubstr("loopback interface is not a valid macvlan parent link"));
  EXPECT_THAT(refusal({"-o", "parent=nocard", "bad"}),
              HasSubstr("network bad has no parent: there is no interface nocard on this host"));
  EXPECT_THAT(refusal({"-o", "parent=card0", "-o", "macvlan_mode=l2", "bad"}),
              HasSubstr("requested macvlan mode 'l2' is not valid"));
  EXPECT_THAT(refusal({"-o", "parnet=card0", "bad"}), HasSubstr("network driver macvlan has no option parnet"));
  EXPECT_THAT(refusal({"-o", "parent=card0", "-o", "com.docker.network.driver.mtu=9000", "bad"}),
              HasSubstr("cannot stand on interface card0"));
  box.shell(
      "ip link add br0 type bridge && ip link add free0 type veth peer name free1 && ip link set free0 master br0"
      " && ip link set free0 up");
  EXPECT_THAT(refusal({"-o", "parent=free0", "bad"}), HasSubstr("something else has it already"));
  EXPECT_THAT(refusal({"-o", "parent=free1", "bad"}),
              HasSubstr("interface free1, which network bad needs, is switched off: ip link set free1 up"));
  create_lan();
  EXPECT_THAT(refusal({"--subnet", "192.168.50.128/25", "-o", "parent=card0", "bad"}),
              HasSubstr("Pool overlaps with other one on this address space"));
  EXPECT_THAT(refusal({"-o", "parent=card0", "-o", "macvlan_mode=passthru", "bad"}),
              HasSubstr("cannot use mode passthru, macvlan network lan is already using parent interface card0"));
  create({"--subnet", "192.168.60.0/24", "alone"});
  const std::string own = "md-" + box.minidock_ok({"network", "inspect", "-f", "{{.Id}}", "alone"}).substr(0, 12);
  EXPECT_THAT(refusal({"-o", "parent=" + own, "bad"}), HasSubstr("cannot be a parent: it is network alone's own"));
  for (const char* driver : {"host", "null"}) {
    EXPECT_THAT(refusal({"bad"}, driver),
                HasSubstr(std::string("only one instance of \"") + driver + "\" network is allowed"));
  }
  EXPECT_THAT(refusal({"bad"}, "none"), HasSubstr("plugin \"none\" not found"));
  EXPECT_THAT(refusal({"-o", "parent=card0", "bad"}, "ipvlan"),
              HasSubstr("macvlan network lan is already using parent interface card0"));
}

TEST_F(Macvlan, ModePassthruIsForOneContainer) {
  create({"--subnet", "192.168.50.0/24", "-o", "parent=card0", "-o", "macvlan_mode=passthru", "lan"});
  EXPECT_THAT(refusal({"--subnet", "192.168.60.0/24", "-o", "parent=card0", "bad"}),
              HasSubstr("macvlan network lan is already using parent interface card0 in mode passthru"));
  sleeper("c1", {"--network", "lan"});
  EXPECT_TRUE(reaches("c1", "192.168.50.1"));
  EXPECT_THAT(box.run({"--network", "lan"}, {"true"}).err,
              HasSubstr("network lan is full: in mode passthru interface card0 is for one container alone"));
  box.minidock_ok({"restart", "-t", "0", "c1"});
  EXPECT_TRUE(reaches("c1", "192.168.50.1"));
}

TEST_F(Macvlan, AParentThatIsGoneIsNamed) {
  make_lan("other", "card1", "192.168.60.1/24", "fd60::1/64");
  create({"--subnet", "192.168.60.0/24", "-o", "parent=card1", "lan"});
  sleeper("c1", {"--network", "lan"});
  sleeper("c2", {});
  box.minidock_ok({"stop", "-t", "0", "c1"});
  box.shell("ip link set card1 down");
  EXPECT_THAT(box.minidock({"start", "c1"}).err,
              HasSubstr("interface card1, which network lan needs, is switched off"));
  box.shell("ip link del card1");
  const Result gone = box.minidock({"start", "c1"});
  EXPECT_EQ(gone.exit_code, 1);
  EXPECT_THAT(gone.err, HasSubstr("network lan has no parent: there is no interface card1 on this host"));
  EXPECT_THAT(box.minidock({"network", "connect", "lan", "c2"}).err, HasSubstr("there is no interface card1"));
  EXPECT_EQ(box.inspect("c2", "{{len .NetworkSettings.Networks}}"), "1");
  // Nobody else suffers, and the network can be removed.
  box.minidock_ok({"network", "reload"});
  EXPECT_EQ(box.minidock_ok({"network", "rm", "lan"}), "lan");
}

TEST_F(Macvlan, AKilledShimLeavesNothing) {
  create_lan();
  sleeper("cx", {"--network", "lan", "--ip", "192.168.50.60"});
  EXPECT_TRUE(router_reaches("192.168.50.60"));
  kill_process(atoi(status_field(box.pid_of("cx"), "PPid").c_str()), SIGKILL);
  ASSERT_TRUE(Sandbox::eventually([&] { return box.inspect("cx", "{{.State.Status}}") == "exited"; }));
  EXPECT_EQ(box.minidock_ok({"network", "inspect", "-f", "{{len .Containers}}", "lan"}), "0");
  EXPECT_FALSE(router_reaches("192.168.50.60"));
  EXPECT_EQ(box.run({"--network", "lan", "--ip", "192.168.50.60"}, {"ping", "-c", "1", "192.168.50.1"}).exit_code, 0);
  box.minidock_ok({"network", "rm", "lan"});
}

TEST_F(Macvlan, WhatTakesEverythingAwayLeavesTheParent) {
  create_lan();
  create({"--subnet", "192.168.60.0/24", "alone"});
  sleeper("cx", {"--network", "lan"});
  EXPECT_THAT(box.minidock_ok({"network", "reload"}), box.inspect("cx", "{{.Id}}"));
  EXPECT_TRUE(reaches("cx", "192.168.50.1"));
  box.minidock_ok({"rm", "-f", "cx"});
  box.minidock_ok({"system", "down"});
  EXPECT_THAT(links(), AllOf(HasSubstr("card0@"), Not(HasSubstr(": md"))));
  // What was made for a network is made anew when it is needed.
  EXPECT_EQ(box.run({"--network", "alone"}, {"true"}).exit_code, 0);
  EXPECT_THAT(links(), HasSubstr(": md"));
}

// ---- ipvlan

TEST_F(Macvlan, IpvlanHasTheParentsMacAddress) {
  const Arguments l2 = {"--subnet", "192.168.50.0/24", "-o", "parent=card0", "lan"};
  EXPECT_THAT(refusal({"-o", "parent=card0", "-o", "ipvlan_mode=l4", "bad"}, "ipvlan"),
              HasSubstr("requested ipvlan mode 'l4' is not valid"));
  if (!has_link_kind("ipvlan")) {
    EXPECT_THAT(refusal(l2, "ipvlan"), HasSubstr("this kernel has no ipvlan (module ipvlan, CONFIG_IPVLAN)"));
    GTEST_SKIP() << "this kernel has no ipvlan";
  }
  const auto create_ipvlan = [&](const Arguments& arguments) {
    Arguments all = {"network", "create", "-d", "ipvlan"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    box.minidock_ok(all);
  };
  create_ipvlan(l2);
  EXPECT_THAT(refusal({"-o", "parent=card0", "-o", "ipvlan_mode=l3", "bad"}, "ipvlan"),
              HasSubstr("on which all have the same ipvlan_mode"));
  EXPECT_THAT(box.run({"--network", "lan", "--mac-address", "02:42:00:00:00:77"}, {"true"}).err,
              HasSubstr("do not support custom mac address assignment"));
  sleeper("c1", {"--network", "lan", "--ip", "192.168.50.60"});
  sleeper("c2", {"--network", "lan"});
  EXPECT_EQ(inside("c1", "cat /sys/class/net/eth0/address"), box.shell("cat /sys/class/net/card0/address"));
  EXPECT_TRUE(reaches("c1", "203.0.113.1"));
  EXPECT_TRUE(reaches("c1", box.address_of("c2")));
  EXPECT_TRUE(router_reaches("192.168.50.60"));
  EXPECT_EQ(box.inspect("c1", "{{json .NetworkSettings.Networks.lan.MacAddress}}"), "\"\"");
  box.minidock_ok({"restart", "-t", "0", "c1"});
  EXPECT_TRUE(router_reaches("192.168.50.60"));
  box.minidock_ok({"rm", "-f", "c1", "c2"});
  box.minidock_ok({"network", "rm", "lan"});

  create_ipvlan({"--subnet", "192.168.70.0/24", "-o", "parent=card0", "-o", "ipvlan_mode=l3", "routed"});
  // Nobody answers for its addresses: the LAN needs a route by the host.
  box.shell("ip addr add 192.168.50.9/24 dev card0 && ip -n lan route add 192.168.70.0/24 via 192.168.50.9");
  sleeper("r1", {"--network", "routed"});
  EXPECT_THAT(inside("r1", "ip route"), ContainsRegex("default dev eth0"));
  EXPECT_EQ(box.inspect("r1", "{{.NetworkSettings.Networks.routed.Gateway}}"), "");
  EXPECT_TRUE(router_reaches(box.address_of("r1")));
}

}  // namespace
}  // namespace minidock::functional
