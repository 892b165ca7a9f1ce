// Networks with IPv6: addresses, names, published ports, and the same isolation as with IPv4.
#include <gmock/gmock.h>

#include "tests/functional/network_fixture.h"

namespace minidock::functional {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Ipv6 : public Network {
 protected:
  void create(const Arguments& arguments) {
    Arguments all = {"network", "create", "--ipv6"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    box.minidock_ok(all);
  }
  void create_six() { create({"--subnet", "10.66.0.0/24", "--subnet", "fd66::/64", "six"}); }
  void sleeper(const std::string& name, const Arguments& options) {
    Arguments all = {"--name", name};
    all.insert(all.end(), options.begin(), options.end());
    box.run_detached(all, {"sleep", "600"});
  }
  std::string ipv6_of(const std::string& container, const std::string& network) {
    return box.inspect(container, "{{(index .NetworkSettings.Networks \"" + network + "\").GlobalIPv6Address}}");
  }
  bool reaches(const std::string& container, const std::string& address) {
    return box.minidock({"exec", container, "ping", "-6", "-c", "1", "-W", "1", address}).exit_code == 0;
  }
  // As make_remote_host, with fd99::1 and fd99::2 besides.
  void make_remote_ipv6_host() {
    make_remote_host();
    box.shell(
        "ip addr add fd99::1/64 dev cable0 nodad && ip -n remote addr add fd99::2/64 dev cable1 nodad &&"
        "ip -n remote -6 route add default via fd99::1");
  }
  // False where there is no module br_netfilter, and so nothing is shown.
  bool show_bridged_packets_to_netfilter(bool shown) {
    const std::string setting = "net.bridge.bridge-nf-call-ip6tables=";
    return box.host({"sysctl", "-qw", setting + (shown ? "1" : "0")}).exit_code == 0;
  }
};

// ---- addresses

TEST_F(Ipv6, AContainerHasAnAddressOfEachFamily) {
  create_six();
  sleeper("c1", {"--network", "six"});
  EXPECT_EQ(ipv6_of("c1", "six"), "fd66::2");
  EXPECT_EQ(box.inspect("c1",
                        "{{.NetworkSettings.Networks.six.GlobalIPv6PrefixLen}} "
                        "{{.NetworkSettings.Networks.six.IPv6Gateway}}"),
            "64 fd66::1");
  const std::string inside =
      box.minidock_ok({"exec", "c1", "sh", "-c", "ip -6 addr show eth0; ip -6 route; cat /etc/hosts"});
  EXPECT_THAT(inside, HasSubstr("inet6 fd66::2/64 scope global"));
  EXPECT_THAT(inside, Not(HasSubstr("tentative")));
  EXPECT_THAT(inside, HasSubstr("default via fd66::1"));
  EXPECT_THAT(inside, HasSubstr("fd66::2\t"));
  EXPECT_TRUE(reaches("c1", "fd66::1"));
  EXPECT_EQ(box.minidock_ok({"network", "inspect", "-f", "{{.EnableIPv6}} {{json .IPAM.Config}}", "six"}),
            R"(true [{"Subnet":"10.66.0.0/24"},{"Subnet":"fd66::/64"}])");
  EXPECT_EQ(box.minidock_ok({"network", "inspect", "-f", "{{range .Containers}}{{.IPv6Address}}{{end}}", "six"}),
            "fd66::2/64");
  EXPECT_EQ(box.minidock_ok({"network", "ls", "--format", "{{.IPv6}}", "--filter", "name=six"}), "true");
}

TEST_F(Ipv6, ASubnetOfItsOwnIsChosen) {
  create({"one"});
  create({"two"});
  const std::string format = "{{(index .IPAM.Config 1).Subnet}}";
  const std::string one = box.minidock_ok({"network", "inspect", "-f", format, "one"});
  EXPECT_THAT(one, ContainsRegex("^fd[0-9a-f:]*::/64$"));
  EXPECT_NE(box.minidock_ok({"network", "inspect", "-f", format, "two"}), one);
  sleeper("c1", {"--network", "one"});
  EXPECT_THAT(ipv6_of("c1", "one"), StartsWith(one.substr(0, one.find("::/"))));
}

TEST_F(Ipv6, AddressesCanBeAskedFor) {
  create({"--subnet", "10.66.0.0/24", "--subnet", "fd66::/64", "--gateway", "fd66::fe", "--ip-range", "fd66::1:0/112",
          "--aux-address", "router=fd66::1:0", "six"});
  sleeper("c1", {"--network", "six", "--ip6", "fd66::1234"});
  EXPECT_EQ(ipv6_of("c1", "six"), "fd66::1234");
  EXPECT_EQ(box.inspect("c1", "{{.NetworkSettings.Networks.six.IPAMConfig.IPv6Address}}"), "fd66::1234");
  sleeper("c2", {"--network", "name=six,ip6=fd66::1235"});
  EXPECT_EQ(ipv6_of("c2", "six"), "fd66::1235");
  sleeper("c3", {"--network", "six"});
  EXPECT_EQ(ipv6_of("c3", "six"), "fd66::1:1");
  const auto refused = [&](const std::string& address) {
    const Result result = box.run({"--network", "six", "--ip6", address}, {"true"});
    EXPECT_EQ(result.exit_code, 125) << address;
    return result.err;
  };
  EXPECT_THAT(refused("fd66::1234"), HasSubstr("Address already in use"));
  EXPECT_THAT(refused("fd66::fe"), HasSubstr("Address already in use"));
  EXPECT_THAT(refused("fd67::2"), HasSubstr("does not belong to any of this network's subnets"));
  box.minidock_ok({"network", "create", "--subnet", "10.67.0.0/24", "four"});
  EXPECT_THAT(box.run({"--network", "four", "--ip6", "fd66::9"}, {"true"}).err, HasSubstr("has no IPv6"));
}

TEST_F(Ipv6, BadRequestsAreRefused) {
  create_six();
  const auto refused = [&](const Arguments& arguments) {
    Arguments all = {"network", "create"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const Result result = box.minidock(all);
    EXPECT_EQ(result.exit_code, 1);
    return result.err;
  };
  EXPECT_THAT(refused({"--ipv6", "--subnet", "fd66::/48", "bad"}), HasSubstr("Pool overlaps"));
  EXPECT_THAT(refused({"--ipv6", "--subnet", "fd77::/64", "--gateway", "fd78::1", "bad"}),
              HasSubstr("no matching subnet"));
  EXPECT_THAT(refused({"--ipv6", "--subnet", "fd77::/127", "bad"}), HasSubstr("prefix length"));
  EXPECT_THAT(refused({"--ipv6", "--subnet", "fd77::/64", "--subnet", "fd78::/64", "bad"}), HasSubstr("more than one"));
  EXPECT_THAT(refused({"--ipv6", "--gateway", "fd78::1", "bad"}), HasSubstr("must have a corresponding subnet"));
  EXPECT_THAT(refused({"--ipv6", "-o", "com.docker.network.driver.mtu=1000", "bad"}), HasSubstr("MTU of 1280"));
  EXPECT_EQ(box.minidock_ok({"network", "ls", "-q", "--filter", "type=custom"}).size(), 12u) << "only six is there";
}

// ---- names

TEST_F(Ipv6, NamesLeadToBothAddresses) {
  create_six();
  sleeper("c1", {"--network", "six"});
  sleeper("c2", {"--network", "six"});
  EXPECT_TRUE(reaches("c1", "c2"));
  const std::string answer = box.minidock_ok({"exec", "c1", "nslookup", "c2"});
  EXPECT_THAT(answer, HasSubstr("fd66::3"));
  EXPECT_THAT(answer, HasSubstr("10.66.0.3"));
  EXPECT_THAT(box.minidock({"exec", "c1", "nslookup", "fd66::3"}).out, HasSubstr("c2.six"));
}

// ---- live

TEST_F(Ipv6, ARunningContainerIsConnectedAndDisconnected) {
  create_six();
  sleeper("c1", {});
  sleeper("c2", {"--network", "six"});
  EXPECT_EQ(box.minidock_ok({"exec", "c1", "cat", "/proc/sys/net/ipv6/conf/eth0/disable_ipv6"}), "1");
  box.minidock_ok({"network", "connect", "--ip6", "fd66::77", "six", "c1"});
  EXPECT_TRUE(reaches("c2", "fd66::77"));
  EXPECT_THAT(box.minidock_ok({"exec", "c1", "ip", "-6", "route"}), HasSubstr("default via fd66::1"));
  EXPECT_THAT(box.minidock_ok({"exec", "c1", "cat", "/etc/hosts"}), HasSubstr("fd66::77\t"));
  box.minidock_ok({"network", "disconnect", "six", "c1"});
  EXPECT_THAT(box.minidock_ok({"exec", "c1", "cat", "/etc/hosts"}), Not(HasSubstr("fd66::77")));
  EXPECT_FALSE(reaches("c2", "fd66::77"));
}

// ---- published ports

TEST_F(Ipv6, APortIsPublishedInBothFamilies) {
  make_remote_ipv6_host();
  create_six();
  serve("web", {"--network", "six", "-p", "8080:80", "-p", "81"});
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8080"), "web");
  EXPECT_EQ(fetch_from("remote", "[fd99::1]:8080"), "web");
  EXPECT_EQ(fetch("[fd99::1]:8080"), "web");
  EXPECT_THAT(box.minidock_ok({"port", "web", "80"}), "0.0.0.0:8080\n:::8080");
  const std::vector<std::string> ephemeral = lines_of(box.minidock_ok({"port", "web", "81"}));
  ASSERT_EQ(ephemeral.size(), 2u);
  EXPECT_EQ(":::" + ephemeral[0].substr(ephemeral[0].find(':') + 1), ephemeral[1]);
  EXPECT_THAT(box.minidock_ok({"ps", "--format", "{{.Ports}}"}), HasSubstr("0.0.0.0:8080->80/tcp"));
  EXPECT_EQ(box.inspect("web", "{{json (index .HostConfig.PortBindings \"80/tcp\")}}"),
            R"([{"HostIp":"","HostPort":"8080"}])");
  // The port is taken in both.
  EXPECT_THAT(box.run({"--network", "six", "-p", "[::]:8080:80"}, {"true"}).err,
              HasSubstr("port is already allocated"));
  // A neighbour by way of the host, and the container itself.
  sleeper("c2", {"--network", "six"});
  EXPECT_THAT(fetch_inside("c2", "fd66::1", "8080"), HasSubstr("web"));
  EXPECT_THAT(fetch_inside("web", "fd99::1", "8080"), HasSubstr("web"));
  box.minidock_ok({"rm", "-f", "web"});
  EXPECT_EQ(fetch_from("remote", "[fd99::1]:8080", "1"), "");
}

TEST_F(Ipv6, TheClientsAddressIsSeen) {
  make_remote_ipv6_host();
  create_six();
  box.run_detached({"--name", "log", "--network", "six", "-p", "8080:80"},
                   {"sh", "-c", "mkdir /www; echo log > /www/index.html; exec httpd -f -vv -p 80 -h /www"});
  EXPECT_TRUE(Sandbox::eventually([&] { return fetch_from("remote", "[fd99::1]:8080", "1") == "log"; }));
  EXPECT_TRUE(Sandbox::eventually([&] {
    return box.minidock({"logs", "log"}).err.find("fd99::2") != std::string::npos;
  })) << box.minidock({"logs", "log"}).err;
}

TEST_F(Ipv6, APortOfOneAddressIsThatOnes) {
  make_remote_ipv6_host();
  create_six();
  serve("web", {"--network", "six", "-p", "[fd99::1]:8080:80", "-p", "[::1]:8081:80", "-p", "0.0.0.0:8082:80"});
  EXPECT_EQ(fetch_from("remote", "[fd99::1]:8080"), "web");
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8080", "1"), "");
  EXPECT_EQ(fetch_from("remote", "[fd99::1]:8081", "1"), "");
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8082"), "web");
  EXPECT_EQ(fetch_from("remote", "[fd99::1]:8082", "1"), "");
  EXPECT_THAT(box.run({"-p", "[::1]:8090:80"}, {"true"}).err, HasSubstr("no address of this family"));
  EXPECT_THAT(box.run({"-p", "[fd99::zz]:8090:80"}, {"true"}).err, HasSubstr("Invalid ip address"));
}

TEST_F(Ipv6, LocalhostLeadsThere) {
  show_bridged_packets_to_netfilter(false);
  create_six();
  create({"--subnet", "fd67::/64", "seven"});
  serve("web", {"--network", "six", "-p", "8080:80"});
  serve("other", {"--network", "seven", "-p", "8081:80"});
  EXPECT_EQ(fetch("[::1]:8080"), "web");
  EXPECT_EQ(fetch("[::1]:8081"), "other");
  EXPECT_EQ(fetch("127.0.0.1:8080"), "web");
}

// A client that tries ::1 first goes on with 127.0.0.1.
TEST_F(Ipv6, LocalhostIsRefusedAtOnceWhereItsAnswersWouldBeLost) {
  if (!show_bridged_packets_to_netfilter(true)) GTEST_SKIP() << "module br_netfilter is not loaded";
  create_six();
  serve("web", {"--network", "six", "-p", "8080:80"});
  EXPECT_EQ(box.host({"curl", "-s", "--max-time", "5", "--noproxy", "*", "http://[::1]:8080/"}).exit_code, 7);
  EXPECT_EQ(fetch("localhost:8080"), "web");
}

// ---- isolation

TEST_F(Ipv6, ContainersSpeakOutsideWithTheHostsAddress) {
  make_remote_ipv6_host();
  box.shell("ip -n remote -6 route del default");
  create_six();
  sleeper("c1", {"--network", "six"});
  EXPECT_TRUE(reaches("c1", "fd99::2"));
}

TEST_F(Ipv6, NetworksAreApartAndNobodyComesInByARoute) {
  make_remote_ipv6_host();
  create_six();
  create({"--subnet", "fd67::/64", "seven"});
  create({"--internal", "--subnet", "fd68::/64", "inner"});
  sleeper("c1", {"--network", "six"});
  sleeper("c2", {"--network", "seven"});
  sleeper("c3", {"--network", "inner"});
  EXPECT_FALSE(reaches("c1", ipv6_of("c2", "seven")));
  box.shell("ip -n remote -6 route replace fd66::/64 via fd99::1");
  EXPECT_NE(box.host({"ip", "netns", "exec", "remote", "ping", "-6", "-c", "1", "-W", "1", "fd66::2"}).exit_code, 0);
  EXPECT_FALSE(reaches("c3", "fd99::2"));
  EXPECT_THAT(box.minidock_ok({"exec", "c3", "ip", "-6", "route"}), Not(HasSubstr("default")));
  EXPECT_TRUE(reaches("c3", "fd68::1"));
}

TEST_F(Ipv6, AnotherAddressIsNotSpokenFor) {
  create_six();
  sleeper("c1", {"--network", "six", "--cap-add", "NET_ADMIN"});
  sleeper("c2", {"--network", "six"});
  EXPECT_TRUE(reaches("c1", "fd66::3"));
  box.minidock_ok({"exec", "c1", "ip", "addr", "add", "fd66::99/64", "dev", "eth0"});
  EXPECT_NE(box.minidock({"exec", "c1", "ping", "-6", "-I", "fd66::99", "-c", "1", "-W", "1", "fd66::3"}).exit_code, 0);
  EXPECT_FALSE(reaches("c2", "fd66::99")) << "it answers for an address that is not its own";
  EXPECT_TRUE(reaches("c2", "fd66::2"));
}

TEST_F(Ipv6, WhatIsFlushedComesBack) {
  make_remote_ipv6_host();
  create_six();
  serve("web", {"--network", "six", "-p", "8080:80"});
  box.shell("nft flush ruleset");
  box.minidock_ok({"network", "reload"});
  EXPECT_EQ(fetch_from("remote", "[fd99::1]:8080"), "web");
  const std::string bridge = box.shell("ip -o link show type bridge | awk -F': ' '/md-/ {print $2; exit}'");
  box.shell("ip link del " + bridge);
  box.minidock_ok({"network", "reload"});
  EXPECT_TRUE(Sandbox::eventually([&] { return fetch_from("remote", "[fd99::1]:8080", "1") == "web"; }));
}

TEST_F(Ipv6, TheHostsSettingsComeBack) {
  make_remote_ipv6_host();
  box.shell("sysctl -qw net.ipv6.conf.all.forwarding=0 net.ipv6.conf.cable0.accept_ra=1");
  create_six();
  EXPECT_EQ(box.shell("sysctl -n net.ipv6.conf.all.forwarding net.ipv6.conf.cable0.accept_ra"), "1\n2");
  box.minidock_ok({"system", "reset", "-f"});
  EXPECT_EQ(box.shell("sysctl -n net.ipv6.conf.all.forwarding net.ipv6.conf.cable0.accept_ra"), "0\n1");
}

}  // namespace
}  // namespace minidock::functional
