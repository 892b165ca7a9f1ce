// Beside other programs' chains at FORWARD that drop by default: docker's, ufw's, an administrator's.
#include <gmock/gmock.h>

#include "tests/functional/network_fixture.h"

namespace minidock::functional {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class FirewallOfOthers : public Network {
 protected:
  void SetUp() override {
    Network::SetUp();
    make_remote_host();
    box.shell("iptables -P FORWARD DROP");
  }
  // What iptables itself tells of both chains.
  std::vector<std::string> forward_rules() { return lines_of(box.shell("iptables -S | grep -i forward")); }
  bool has_ours() { return testing::Matches(HasSubstr("MINIDOCK"))(box.shell("iptables -S")); }
  bool reaches_remote(const std::string& container) {
    return box.minidock({"exec", container, "ping", "-c", "1", "-W", "1", "10.99.0.2"}).exit_code == 0;
  }
  bool reaches(const std::string& container, const std::string& address) {
    return box.minidock({"exec", container, "ping", "-c", "1", "-W", "1", address}).exit_code == 0;
  }
  void sleeper(const std::string& name, const std::string& network) {
    box.run_detached({"--name", name, "--network", network}, {"sleep", "600"});
  }
};

TEST_F(FirewallOfOthers, ADropPolicyOfForwardLetsOurNetworksPass) {
  serve("web", {"-p", "8087:80"});
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8087"), "web");
  EXPECT_TRUE(reaches_remote("web"));
  // Such rules as iptables can list, the jump behind all others.
  EXPECT_THAT(forward_rules(), ElementsAre("-P FORWARD DROP", MatchesRegex("-N MINIDOCK-FORWARD-[0-9a-f]{8}"),
                                           MatchesRegex("-A FORWARD -j MINIDOCK-FORWARD-[0-9a-f]{8}"),
                                           MatchesRegex("-A MINIDOCK-FORWARD-[0-9a-f]{8} -i md[0-9a-f]{8} -j ACCEPT"),
                                           MatchesRegex("-A MINIDOCK-FORWARD-[0-9a-f]{8} -o md[0-9a-f]{8} -j ACCEPT")));
  // Only ours.
  box.shell(
      "ip netns add other && ip link add cable2 type veth peer name cable3 netns other &&"
      "ip addr add 10.98.0.1/24 dev cable2 && ip link set cable2 up && ip -n other addr add 10.98.0.2/24 dev cable3 &&"
      "ip -n other link set cable3 up && ip -n other route add default via 10.98.0.1");
  EXPECT_NE(box.host({"ip", "netns", "exec", "other", "ping", "-c", "1", "-W", "1", "10.99.0.2"}).exit_code, 0);
  box.minidock_ok({"rm", "-f", "web"});
  box.minidock_ok({"system", "down"});
  EXPECT_THAT(forward_rules(), ElementsAre("-P FORWARD DROP"));
}

TEST_F(FirewallOfOthers, TheAdministratorsRulesComeFirst) {
  box.shell("iptables -A FORWARD -p tcp --dport 80 -s 10.99.0.2 -j REJECT --reject-with tcp-reset");
  serve("web", {"-p", "8087:80", "-p", "8088:81"});
  box.minidock_ok({"exec", "web", "httpd", "-p", "81", "-h", "/www"});
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8087"), "");
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8088"), "web");
}

TEST_F(FirewallOfOthers, OurOwnDropsStayDrops) {
  box.minidock_ok({"network", "create", "--internal", "inner"});
  box.minidock_ok({"network", "create", "-o", "com.docker.network.bridge.enable_icc=false", "apart"});
  sleeper("inner1", "inner");
  sleeper("inner2", "inner");
  sleeper("apart1", "apart");
  sleeper("apart2", "apart");
  sleeper("default1", "bridge");
  EXPECT_TRUE(reaches_remote("default1"));
  EXPECT_TRUE(reaches_remote("apart1"));
  EXPECT_FALSE(reaches_remote("inner1"));
  EXPECT_TRUE(reaches("inner1", box.address_of("inner2")));
  EXPECT_FALSE(reaches("apart1", box.address_of("apart2")));
  EXPECT_FALSE(reaches("default1", box.address_of("apart1")));
  box.shell("ip -n remote route add " + box.address_of("default1") + " via 10.99.0.1");
  EXPECT_NE(
      box.host({"ip", "netns", "exec", "remote", "ping", "-c", "1", "-W", "1", box.address_of("default1")}).exit_code,
      0);
  const std::string table =
      box.shell("nft list tables | awk '/^table inet minidock-/ {print $3}' | grep user | head -1");
  serve("web", {"-p", "8087:80"});
  box.shell("nft add rule inet " + table + " minidock-user tcp dport 8087 drop");
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8087", "1"), "");
}

TEST_F(FirewallOfOthers, WhatIsLostComesBack) {
  serve("web", {"-p", "8087:80"});
  const std::vector<std::string> whole = forward_rules();
  for (const char* damage : {"iptables -F FORWARD", "iptables -F", "iptables -F; iptables -X"}) {
    box.shell(damage);
    EXPECT_EQ(fetch_from("remote", "10.99.0.1:8087", "1"), "") << damage;
    box.minidock_ok({"network", "reload"});
    EXPECT_EQ(fetch_from("remote", "10.99.0.1:8087"), "web") << damage;
    EXPECT_EQ(forward_rules(), whole) << damage;
    box.shell(damage);
    EXPECT_EQ(box.run({}, {"true"}).exit_code, 0);
    EXPECT_EQ(fetch_from("remote", "10.99.0.1:8087"), "web") << damage;
    EXPECT_EQ(forward_rules(), whole) << damage;
  }
}

TEST_F(FirewallOfOthers, ThePolicyMayComeAndGo) {
  box.shell("iptables -P FORWARD ACCEPT");
  serve("web", {"-p", "8087:80"});
  EXPECT_FALSE(has_ours());
  box.shell("iptables -P FORWARD DROP");
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8087", "1"), "");
  EXPECT_EQ(box.run({}, {"true"}).exit_code, 0);
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8087"), "web");
  EXPECT_TRUE(has_ours());
  box.shell("iptables -P FORWARD ACCEPT");
  box.minidock_ok({"network", "reload"});
  EXPECT_FALSE(has_ours());
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8087"), "web");
}

TEST_F(FirewallOfOthers, NetworksComeAndGo) {
  sleeper("c1", "bridge");
  EXPECT_EQ(forward_rules().size(), 5U);
  box.minidock_ok({"network", "create", "net1"});
  EXPECT_EQ(forward_rules().size(), 7U);
  sleeper("c2", "net1");
  EXPECT_TRUE(reaches_remote("c2"));
  box.minidock_ok({"rm", "-f", "c2"});
  box.minidock_ok({"network", "rm", "net1"});
  EXPECT_EQ(forward_rules().size(), 5U);
}

TEST_F(FirewallOfOthers, TwoInstancesDoNotMeet) {
  sleeper("c1", "bridge");
  const std::vector<std::string> before = forward_rules();
  const auto second = [&](const Arguments& words) {
    Arguments all = {box.command({})[0], "--root", box.path("second-root"), "--state", box.path("second-state")};
    all.insert(all.end(), words.begin(), words.end());
    box.host_ok(all);
  };
  second({"network", "create", "net2"});
  EXPECT_EQ(forward_rules().size(), before.size() + 4);
  second({"system", "reset", "-f"});
  EXPECT_EQ(forward_rules(), before);
  EXPECT_TRUE(reaches_remote("c1"));
}

TEST_F(FirewallOfOthers, OtherTablesAreTheirMakersDecision) {
  box.shell(
      "iptables -P FORWARD ACCEPT && nft add table inet theirs &&"
      "nft add chain inet theirs forward '{ type filter hook forward priority 0 ; policy drop ; }'");
  const std::string before = box.shell("nft list table inet theirs; iptables -S");
  serve("web", {"-p", "8087:80"});
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8087", "1"), "");
  EXPECT_EQ(box.shell("nft list table inet theirs; iptables -S"), before);
}

TEST_F(FirewallOfOthers, TheSameForIpv6) {
  box.shell("ip6tables -P FORWARD DROP");
  sleeper("c1", "bridge");
  EXPECT_THAT(box.shell("ip6tables -S"), AllOf(HasSubstr("-A FORWARD -j MINIDOCK-FORWARD"), HasSubstr("ACCEPT")));
  box.minidock_ok({"rm", "-f", "c1"});
  box.minidock_ok({"system", "down"});
  EXPECT_THAT(box.shell("ip6tables -S"), Not(HasSubstr("MINIDOCK")));
}

}  // namespace
}  // namespace minidock::functional
