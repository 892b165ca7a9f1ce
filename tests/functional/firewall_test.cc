// The firewall's manners: the administrator's rules, networks apart, nobody speaks for another, and what is flushed
// comes back.
#include <gmock/gmock.h>

#include "tests/functional/network_fixture.h"

namespace minidock::functional {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

class Firewall : public Network {
 protected:
  // "minidock-…"
  std::string table() {
    const std::string all = box.shell("nft list tables | awk '/^table inet minidock-/ {print $3}' | grep -v user");
    EXPECT_THAT(lines_of(all), testing::SizeIs(1));
    return all;
  }
  void add_user_rule(const std::string& rule) {
    const std::string name = table() + "-user";
    box.shell("nft add rule inet " + name + " minidock-user " + rule);
  }
  // All that is ours; nft lists tables in the order in which they were made.
  std::string tables() {
    const std::string ours = table();
    return box.shell("nft list table inet " + ours + "; nft list table bridge " + ours + "; nft list table inet " +
                     ours + "-user");
  }
  std::string user_rules() { return box.host({"nft", "list", "table", "inet", user_table_}).out; }
  void create(const Arguments& arguments) {
    Arguments all = {"network", "create"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    box.minidock_ok(all);
  }
  void sleeper(const std::string& name, const std::string& network) {
    box.run_detached({"--name", name, "--network", network}, {"sleep", "600"});
  }
  std::string gateway_of(const std::string& network) {
    return box.minidock_ok({"network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", network});
  }
  std::string mac_of(const std::string& container) {
    return box.inspect(container, "{{range .NetworkSettings.Networks}}{{.MacAddress}}{{end}}");
  }
  bool reaches(const std::string& container, const std::string& address) {
    return box.minidock({"exec", container, "ping", "-c", "1", "-W", "1", address}).exit_code == 0;
  }
  bool answers_again(const std::string& address, const std::string& name) {
    return Sandbox::eventually([&] { return fetch_from("remote", address, "1") == name; });
  }
  // Frames of every kind from container `c1` to `c2`; those that arrive.
  std::vector<std::string> frames_that_arrive();

  std::string user_table_;
};

// ---- the administrator's chain

TEST_F(Firewall, AnAdministratorDeniesAPublishedPortFromOutside) {
  make_remote_host();
  serve("web", {"-p", "8080:80"});
  serve("other", {"-p", "8081:80"});
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8080"), "web");
  add_user_rule("tcp dport 8080 drop");
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8080", "1"), "");
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8081"), "other");
  EXPECT_EQ(fetch("10.99.0.1:8080"), "web") << "the host's own connections do not pass there";
}

TEST_F(Firewall, AnAdministratorsRulesSurviveWhateverOursGoThrough) {
  make_remote_host();
  serve("web", {"-p", "8080:80"});
  user_table_ = table() + "-user";
  add_user_rule("iifname cable0 ct state established,related accept");
  add_user_rule("iifname cable0 ip saddr 10.99.0.2 tcp dport 8080 drop");
  const std::string before = user_rules();
  create({"net1"});
  box.minidock_ok({"network", "rm", "net1"});
  box.shell("nft delete table inet " + table());
  box.minidock_ok({"network", "reload"});
  EXPECT_EQ(user_rules(), before);
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8080", "1"), "");
  box.minidock_ok({"rm", "-f", "web"});
  box.minidock_ok({"system", "down"});
  EXPECT_EQ(user_rules(), before);
  serve("web", {"-p", "8080:80"});
  EXPECT_EQ(user_rules(), before);
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8080", "1"), "");
  // `system reset` takes them away: the sandbox' end checks that.
}

TEST_F(Firewall, AnAdministratorMayMakeHisTableBeforeUs) {
  make_remote_host();
  EXPECT_EQ(box.run({}, {"true"}).exit_code, 0);
  user_table_ = table() + "-user";
  box.minidock_ok({"system", "down"});
  EXPECT_EQ(user_rules(), "") << "an empty one goes with ours";
  box.shell("nft 'table inet " + user_table_ +
            " { chain minidock-user { type filter hook prerouting priority mangle; tcp dport 8080 drop; }; }'");
  serve("web", {"-p", "8080:80", "-p", "8081:80"});
  EXPECT_THAT(user_rules(), HasSubstr("tcp dport 8080 drop"));
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8080", "1"), "");
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8081"), "web");
}

// ---- networks apart

TEST_F(Firewall, ContainersOfOtherNetworksAreReachedByPublishedPortsAlone) {
  make_remote_host();
  create({"net1"});
  create({"net2"});
  sleeper("c1", "net1");
  serve("web2", {"--network", "net2", "-p", "8081:80"});
  EXPECT_FALSE(reaches("c1", box.address_of("web2")));
  EXPECT_FALSE(reaches("c1", gateway_of("net2")));
  EXPECT_TRUE(reaches("c1", gateway_of("net1")));
  EXPECT_THAT(fetch_inside("c1", "10.99.0.1", "8081"), HasSubstr("web2"));
  EXPECT_THAT(fetch_inside("c1", gateway_of("net1"), "8081"), HasSubstr("web2"));
  EXPECT_EQ(fetch_inside("c1", gateway_of("net2"), "8081"), "");
}

TEST_F(Firewall, InternalNetworksReachTheirGatewayAlone) {
  make_remote_host();
  create({"--internal", "closed"});
  sleeper("in", "closed");
  serve("web", {"-p", "8081:80"});
  const std::string gateway = gateway_of("closed");
  EXPECT_TRUE(reaches("in", gateway));
  box.shell("ip -n in route add default via " + gateway);
  EXPECT_FALSE(reaches("in", "10.99.0.2"));
  EXPECT_FALSE(reaches("in", "10.99.0.1")) << "nor the host's other addresses";
  EXPECT_FALSE(reaches("in", gateway_of("bridge")));
  EXPECT_EQ(fetch_inside("in", "10.99.0.1", "8081"), "");
  EXPECT_EQ(fetch_inside("in", gateway, "8081"), "");
  box.shell("ip -n remote route add " + box.address_of("in") + " via 10.99.0.1 || true");
  EXPECT_NE(box.host({"ip", "netns", "exec", "remote", "ping", "-c1", "-W1", box.address_of("in")}).exit_code, 0);
}

TEST_F(Firewall, WithoutIccNotEvenByWayOfTheGateway) {
  create({"-o", "com.docker.network.bridge.enable_icc=false", "net1"});
  sleeper("c1", "net1");
  serve("c2", {"--network", "net1", "-p", "8081:80"});
  const std::string gateway = gateway_of("net1");
  EXPECT_EQ(fetch("127.0.0.1:8081"), "c2");
  box.shell("ip -n c1 route add " + box.address_of("c2") + " via " + gateway);
  box.shell("ip -n c2 route add " + box.address_of("c1") + " via " + gateway);
  EXPECT_FALSE(reaches("c1", box.address_of("c2")));
  EXPECT_EQ(fetch_inside("c1", gateway, "8081"), "");
}

TEST_F(Firewall, WithoutMasqueradeContainersGetTheirAnswersAndNothingElse) {
  make_remote_host();
  create({"-o", "com.docker.network.bridge.enable_ip_masquerade=false", "--subnet", "10.77.0.0/24", "plain"});
  sleeper("c1", "plain");
  EXPECT_TRUE(reaches("c1", "10.99.0.2"));
  EXPECT_NE(box.host({"ip", "netns", "exec", "remote", "ping", "-c1", "-W1", box.address_of("c1")}).exit_code, 0);
}

// ---- nobody speaks for another

constexpr char kListen[] = R"(
import re, socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(('eth0', 3))
print('ready', flush=True)
while True:
    frame, address = s.recvfrom(2000)
    found = re.search(rb'<([a-z-]+)>', frame)
    if not found or address[2] == socket.PACKET_OUTGOING: continue  # ICMP quotes what it answers to
    print(found[1].decode(), flush=True)
    if found[1] == b'end': break
)";

constexpr char kSend[] = R"(
import socket, struct, sys
def mac(text): return bytes(int(part, 16) for part in text.split(':'))
def ip(text): return socket.inet_aton(text)
own_mac, own_ip, to_mac, to_ip, other_mac, other_ip, gateway = sys.argv[1:]
def checksum(data):
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff
def udp(sender, tag, port=9999):
    data = b'<' + tag + b'>'
    header = struct.pack('!BBHHHBBH', 69, 0, 28 + len(data), 1, 0, 64, 17, 0) + ip(sender) + ip(to_ip)
    header = header[:10] + struct.pack('!H', checksum(header)) + header[12:]
    return header + struct.pack('!HHHH', 67, port, 8 + len(data), 0) + data
def arp(sender, tag):
    return (struct.pack('!HHBBH', 1, 2048, 6, 4, 2) + mac(own_mac) + ip(sender) + mac(to_mac) + ip(to_ip) +
            b'<' + tag + b'>')
def frame(kind, body, sender=own_mac, target=to_mac): return mac(target) + mac(sender) + struct.pack('!H', kind) + body
tag = b'\0\0' + struct.pack('!H', 2048)
advertisement = struct.pack('!IHBB', 6 << 28, 16 + 4, 58, 255) + socket.inet_pton(socket.AF_INET6, 'fe80::1') + \
    socket.inet_pton(socket.AF_INET6, 'ff02::1') + struct.pack('!BBHBBHII', 134, 0, 0, 64, 0, 1800, 0, 0) + b'<ra>'
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('eth0', 0))
for each in [
    frame(2048, udp(own_ip, b'own')),
    frame(2048, udp('9.9.9.9', b'outside')),
    frame(2048, udp(other_ip, b'neighbour')),
    frame(2048, udp(gateway, b'gateway')),
    frame(2048, udp(own_ip, b'mac'), sender=other_mac),
    frame(2054, arp(own_ip, b'arp-own')),
    frame(2054, arp(other_ip, b'arp-neighbour')),
    frame(2054, arp(gateway, b'arp-gateway')),
    frame(33024, tag + udp(other_ip, b'tagged')),
    frame(33024, b'\0\0' + struct.pack('!H', 33024) + tag + udp(other_ip, b'tagged-twice')),
    frame(34525, advertisement, target='33:33:00:00:00:01'),
    frame(2048, udp(own_ip, b'dhcp', 68)),
    frame(2048, udp(own_ip, b'end'))]:
    s.send(each)
)";

std::vector<std::string> Firewall::frames_that_arrive() {
  Background listener({"ip", "netns", "exec", "c2", "python3", "-c", kListen}, "", box.path(""));
  EXPECT_TRUE(Sandbox::eventually([&] { return listener.out() == "ready\n"; })) << listener.err();
  const std::string gateway = box.inspect("c1", "{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}");
  box.host_ok({"ip", "netns", "exec", "c1", "python3", "-c", kSend, mac_of("c1"), box.address_of("c1"), mac_of("c2"),
               box.address_of("c2"), mac_of("c3"), box.address_of("c3"), gateway});
  std::vector<std::string> tags = lines_of(listener.wait().out);
  EXPECT_EQ(tags.back(), "end");
  return {tags.begin() + 1, tags.end() - 1};
}

TEST_F(Firewall, ContainersSendWithTheirOwnAddressesAlone) {
  for (const char* name : {"c1", "c2", "c3"}) sleeper(name, "bridge");
  EXPECT_THAT(frames_that_arrive(), ElementsAre("own", "arp-own"));
  // So it is after a rebuild, and for one whose MAC address is its own.
  box.minidock_ok({"rm", "-f", "c1"});
  box.run_detached({"--name", "c1", "--mac-address", "02:00:00:00:00:07"}, {"sleep", "600"});
  box.minidock_ok({"network", "reload"});
  EXPECT_THAT(frames_that_arrive(), ElementsAre("own", "arp-own"));
  EXPECT_TRUE(reaches("c1", box.address_of("c2")));
}

TEST_F(Firewall, ANetworkMayAllowThemOthers) {
  create({"-o", "com.minidock.allow_spoofing=true", "lab"});
  for (const char* name : {"c1", "c2", "c3"}) sleeper(name, "lab");
  EXPECT_THAT(frames_that_arrive(),
              ElementsAre("own", "outside", "neighbour", "gateway", "mac", "arp-own", "arp-neighbour", "arp-gateway",
                          "tagged", "tagged-twice", "ra", "dhcp"));
}

TEST_F(Firewall, ARestartedContainerSpeaks) {
  box.run_detached({"--name", "c1", "--restart", "always"}, {"sleep", "600"});
  sleeper("c2", "bridge");
  EXPECT_TRUE(reaches("c1", box.address_of("c2")));
  const pid_t before = box.pid_of("c1");
  kill_process(before, SIGKILL);
  ASSERT_TRUE(Sandbox::eventually([&] {
    const pid_t now = box.pid_of("c1");
    return now > 1 && now != before;
  }));
  EXPECT_TRUE(reaches("c1", box.address_of("c2")));
  // What was said of those that ended is forgotten when the tables are made anew.
  box.minidock_ok({"rm", "-f", "c1", "c2"});
  box.minidock_ok({"network", "reload"});
  EXPECT_THAT(box.shell("nft list table bridge " + table()), Not(HasSubstr("elements")));
}

// ---- what somebody took away

TEST_F(Firewall, ReloadRestoresWhateverSomebodyTookAway) {
  make_remote_host();
  create({"net1"});
  serve("web", {"-p", "8080:80"});
  serve("web1", {"--network", "net1", "-p", "8081:80"});
  sleeper("c1", "net1");
  const std::string ours = table();
  const std::string whole = tables();
  const std::string bridge = box.shell("ip -o -4 addr show to " + gateway_of("net1") + " | awk '{print $2}'");
  const std::vector<std::string> damages = {"nft flush map inet " + ours + " published",
                                            "nft flush chain inet " + ours + " prerouting",
                                            "nft flush set bridge " + ours + " addresses",
                                            "nft flush ruleset",
                                            "ip addr flush dev " + bridge,
                                            "sysctl -qw net.ipv4.conf." + bridge + ".route_localnet=0",
                                            "ip link delete " + bridge};
  for (const std::string& damage : damages) {
    box.shell(damage);
    const std::vector<std::string> ids = lines_of(box.minidock_ok({"network", "reload"}));
    EXPECT_THAT(ids, UnorderedElementsAre(box.inspect("web", "{{.Id}}"), box.inspect("web1", "{{.Id}}"),
                                          box.inspect("c1", "{{.Id}}")));
    EXPECT_EQ(tables(), whole) << damage;
    EXPECT_EQ(fetch_from("remote", "10.99.0.1:8080"), "web") << damage;
    EXPECT_EQ(fetch_from("remote", "10.99.0.1:8081"), "web1") << damage;
    EXPECT_EQ(fetch("127.0.0.1:8081"), "web1") << damage;
    EXPECT_TRUE(reaches("c1", box.address_of("web1"))) << damage;
  }
}

TEST_F(Firewall, ReloadNamesTheContainersAsPodman) {
  sleeper("c1", "bridge");
  sleeper("c2", "bridge");
  const std::string id = box.inspect("c1", "{{.Id}}");
  EXPECT_EQ(box.minidock_ok({"network", "reload", "c1"}), id);
  EXPECT_THAT(lines_of(box.minidock_ok({"network", "reload", "--all"})), testing::SizeIs(2));
  const Result missing = box.minidock({"network", "reload", "nobody"});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_THAT(missing.err, HasSubstr("No such container: nobody"));
  EXPECT_NE(box.minidock({"network", "reload", "--all", "c1"}).exit_code, 0);
}

TEST_F(Firewall, ComesBackByItself) {
  make_remote_host();
  serve("web", {"-p", "8080:80"});
  const std::string ours = table();
  for (const std::string& damage :
       {std::string("flush ruleset"), "delete table inet " + ours, "delete table bridge " + ours,
        "delete table inet " + ours + "; delete table bridge " + ours}) {
    const std::string before = tables();
    box.shell("nft '" + damage + "'");
    EXPECT_TRUE(Sandbox::eventually([&] {
      return box.host({"nft", "list", "table", "bridge", ours}).exit_code == 0 &&
             box.host({"nft", "list", "table", "inet", ours}).exit_code == 0;
    })) << damage;
    EXPECT_EQ(tables(), before) << damage;
    EXPECT_EQ(fetch_from("remote", "10.99.0.1:8080"), "web") << damage;
  }
}

TEST_F(Firewall, ComesBackOnceForMany) {
  make_remote_host();
  serve("web", {"-p", "8080:80"});
  serve("web2", {"-p", "8081:80"});
  sleeper("c3", "bridge");
  for (int i = 0; i < 10; ++i) {
    box.shell("nft flush ruleset");
    EXPECT_TRUE(answers_again("10.99.0.1:8080", "web"));
    EXPECT_TRUE(answers_again("10.99.0.1:8081", "web2"));
  }
  // Again and again, into the middle of the restoration: the last one counts too.
  for (int i = 0; i < 50; ++i) box.shell("nft flush ruleset");
  EXPECT_TRUE(answers_again("10.99.0.1:8080", "web"));
}

TEST_F(Firewall, ComesBackAfterTheReloadOfAnother) {
  make_remote_host();
  serve("web", {"-p", "8080:80"});
  const std::string file = box.write_file(
      "rules.nft",
      "flush ruleset\ntable inet theirs {\n chain input { type filter hook input priority 0; policy accept; }\n}\n");
  box.shell("nft -f " + file);
  EXPECT_TRUE(answers_again("10.99.0.1:8080", "web"));
  EXPECT_THAT(box.shell("nft list tables"), HasSubstr("table inet theirs"));
}

}  // namespace
}  // namespace minidock::functional
