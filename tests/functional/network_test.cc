// The bridge network and published ports.
#include <gmock/gmock.h>

#include "tests/functional/network_fixture.h"

namespace minidock::functional {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

TEST_F(Network, TwoAppsOnPortEightyBothAnswer) {
  serve("web1", {});
  serve("web2", {});
  EXPECT_NE(box.address_of("web1"), box.address_of("web2"));
  EXPECT_EQ(fetch(box.address_of("web1")), "web1");
  EXPECT_EQ(fetch(box.address_of("web2")), "web2");
}

TEST_F(Network, PublishedPortAnswersEverywhere) {
  make_remote_host();
  serve("web", {"-p", "8081:80"});
  serve("other", {});
  EXPECT_EQ(fetch("127.0.0.1:8081"), "web");
  EXPECT_EQ(fetch("localhost:8081"), "web");
  EXPECT_EQ(fetch("10.99.0.1:8081"), "web");
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8081"), "web");
  const std::string gateway = box.inspect("web", "{{.NetworkSettings.Gateway}}");
  EXPECT_EQ(box.minidock_ok({"exec", "other", "wget", "-q", "-O", "-", "http://" + gateway + ":8081/"}), "web");
  EXPECT_EQ(box.minidock_ok({"exec", "web", "wget", "-q", "-O", "-", "http://" + gateway + ":8081/"}), "web");
}

TEST_F(Network, PortGoesWithTheContainer) {
  serve("web", {"-p", "8081:80"});
  box.minidock_ok({"rm", "-f", "web"});
  EXPECT_EQ(fetch("127.0.0.1:8081"), "");
  EXPECT_EQ(box.run({"-p", "8081:80"}, {"true"}).exit_code, 0);
}

TEST_F(Network, PortOfOneAddressOnly) {
  make_remote_host();
  serve("web", {"-p", "127.0.0.1:8082:80"});
  EXPECT_EQ(fetch("127.0.0.1:8082"), "web");
  EXPECT_EQ(fetch("10.99.0.1:8082"), "");
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8082", "2"), "");
}

TEST_F(Network, LoopbackOfTheHostIsNotReachableFromOutside) {
  make_remote_host();
  serve("web", {"-p", "127.0.0.1:8083:80"});
  // A neighbour that sends packets for 127.0.0.1 over the cable.
  box.shell(
      "ip netns exec remote sysctl -q -w net.ipv4.conf.all.route_localnet=1 &&"
      "ip -n remote addr del 127.0.0.1/8 dev lo && ip -n remote route add 127.0.0.1 via 10.99.0.1 dev cable1");
  EXPECT_EQ(fetch_from("remote", "127.0.0.1:8083", "2"), "");
}

TEST_F(Network, ContainersCannotReachTheHostsLoopback) {
  box.write_file("www/index.html", "host only\n");
  Background server({"busybox", "httpd", "-f", "-p", "127.0.0.1:9999", "-h", box.path("www")}, "", box.path(""));
  ASSERT_TRUE(Sandbox::eventually([&] { return fetch("127.0.0.1:9999") == "host only"; }));
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  const std::string gateway = box.inspect("cx", "{{.NetworkSettings.Gateway}}");
  box.shell(
      "ip netns exec cx sysctl -q -w net.ipv4.conf.all.route_localnet=1 && ip -n cx addr del 127.0.0.1/8 dev lo &&"
      "ip -n cx route add 127.0.0.1 via " +
      gateway);
  EXPECT_THAT(fetch_inside("cx", "127.0.0.1", "9999"), Not(HasSubstr("host only")));
  // The same request gets through once the guard is gone: it is what stops it.
  box.shell("nft flush chain inet $(nft list tables | awk '/inet minidock-[0-9a-f]+$/ {print $3}') raw_prerouting");
  EXPECT_THAT(fetch_inside("cx", "127.0.0.1", "9999"), HasSubstr("host only"));
}

TEST_F(Network, ContainerReachesHostAndOtherContainer) {
  box.write_file("www/index.html", "host\n");
  Background server({"busybox", "httpd", "-f", "-p", "0.0.0.0:9998", "-h", box.path("www")}, "", box.path(""));
  serve("web", {});
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  const std::string gateway = box.inspect("cx", "{{.NetworkSettings.Gateway}}");
  EXPECT_EQ(box.minidock_ok({"exec", "cx", "wget", "-q", "-O", "-", "http://" + gateway + ":9998/"}), "host");
  EXPECT_EQ(box.minidock_ok({"exec", "cx", "wget", "-q", "-O", "-", "http://" + box.address_of("web") + "/"}), "web");
}

TEST_F(Network, ContainerReachesARemoteHostMasqueraded) {
  make_remote_host();
  const std::string script =
      "from http.server import *\n"
      "class H(BaseHTTPRequestHandler):\n"
      "  def do_GET(self):\n"
      "    self.send_response(200)\n    self.end_headers()\n    self.wfile.write(self.client_address[0].encode())\n"
      "HTTPServer(('', 80), H).serve_forever()\n";
  Background server({"ip", "netns", "exec", "remote", "python3", "-c", script}, "", box.path(""));
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  EXPECT_TRUE(Sandbox::eventually([&] { return fetch_inside("cx", "10.99.0.2", "80").ends_with("10.99.0.1"); }));
}

TEST_F(Network, PortConflictOfTwoContainers) {
  serve("web", {"-p", "8084:80"});
  const Result result = box.run({"-p", "8084:80"}, {"true"});
  EXPECT_EQ(result.exit_code, 125);
  EXPECT_THAT(result.err, HasSubstr("Bind for 0.0.0.0:8084 failed: port is already allocated"));
}

TEST_F(Network, PortConflictWithAProcessOfTheHost) {
  Background server({"busybox", "httpd", "-f", "-p", "8085", "-h", box.path("")}, "", box.path(""));
  ASSERT_TRUE(Sandbox::eventually([&] { return box.shell("ss -Hltn sport = :8085") != ""; }));
  const Result result = box.run({"-p", "8085:80"}, {"true"});
  EXPECT_EQ(result.exit_code, 125);
  EXPECT_THAT(result.err, HasSubstr("address already in use"));
}

TEST_F(Network, EphemeralAndUdpPortsAndPs) {
  box.run_detached({"--name", "px", "-p", "80", "-p", "5353:53/udp"}, {"sleep", "600"});
  EXPECT_THAT(box.inspect("px", "{{(index (index .NetworkSettings.Ports \"80/tcp\") 0).HostPort}}"),
              MatchesRegex("[0-9]+"));
  const std::string ports = box.minidock_ok({"ps", "--format", "{{.Ports}}"});
  EXPECT_THAT(ports, HasSubstr("0.0.0.0:5353->53/udp"));
  EXPECT_THAT(ports, HasSubstr("->80/tcp"));
}

TEST_F(Network, UdpPortIsForwarded) {
  box.load("webapp");
  const std::string server =
      "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.bind(('', 53))\n"
      "while True:\n  data, peer = s.recvfrom(99)\n  s.sendto(b'echo ' + data, peer)\n";
  box.minidock_ok({"run", "-d", "-p", "5354:53/udp", "training/webapp", "python", "-c", server});
  const std::string client =
      "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.settimeout(1)\n"
      "s.sendto(b'hello', ('127.0.0.1', 5354))\nprint(s.recv(99).decode())\n";
  EXPECT_TRUE(Sandbox::eventually([&] { return box.host({"python3", "-c", client}).out == "echo hello\n"; }));
}

TEST_F(Network, NoneHasOnlyLoopback) {
  EXPECT_EQ(box.run({"--network", "none"}, {"ls", "/sys/class/net"}).out, "lo\n");
  EXPECT_THAT(box.run({"--network", "none"}, {"cat", "/sys/class/net/lo/operstate"}).out, Not(HasSubstr("down")));
}

TEST_F(Network, SubnetAvoidsTheHostsRoutes) {
  box.shell(
      "ip link add other0 type bridge && ip addr add 172.17.3.1/16 dev other0 && ip link set other0 up &&"
      "ip route add 172.18.0.0/15 dev other0");
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  EXPECT_THAT(box.address_of("cx"), MatchesRegex("172\\.[2-3][0-9]\\..*"));
}

TEST_F(Network, OthersRulesAndInterfacesStay) {
  box.shell(
      "nft add table ip mine && nft add chain ip mine c '{ type filter hook forward priority 0 ; }' &&"
      "ip link add otherbr type bridge");
  const std::string before = box.shell("nft list table ip mine; ip -o link show otherbr");
  serve("web", {"-p", "8086:80"});
  box.minidock_ok({"rm", "-f", "web"});
  box.minidock_ok({"system", "down"});
  EXPECT_EQ(box.shell("nft list table ip mine; ip -o link show otherbr"), before);
}

TEST_F(Network, FlushedTableIsBuiltAgain) {
  serve("web", {"-p", "8088:80"});
  box.shell("nft flush ruleset");
  EXPECT_EQ(box.run({}, {"true"}).exit_code, 0);
  EXPECT_EQ(fetch("127.0.0.1:8088"), "web");
}

TEST_F(Network, MacFollowsTheAddress) {
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  const std::string octets = box.address_of("cx");
  char expected[32];
  unsigned a = 0, b = 0, c = 0, d = 0;
  ASSERT_EQ(sscanf(octets.c_str(), "%u.%u.%u.%u", &a, &b, &c, &d), 4);
  snprintf(expected, sizeof expected, "02:42:%02x:%02x:%02x:%02x", a, b, c, d);
  EXPECT_EQ(box.minidock_ok({"exec", "cx", "cat", "/sys/class/net/eth0/address"}), expected);
}

}  // namespace
}  // namespace minidock::functional
