// --egress deny: what a container may begin, and what it may not, however it tries.
#include <gmock/gmock.h>

#include "tests/functional/network_fixture.h"

namespace minidock::functional {
namespace {

using testing::HasSubstr;
using testing::Not;

class Egress : public Network {
 protected:
  void SetUp() override {
    Network::SetUp();
    show_bridged_packets_to_netfilter(false);
  }
  // False where there is no module br_netfilter, and so nothing is shown.
  bool show_bridged_packets_to_netfilter(bool shown) {
    bool done = true;
    for (const char* family : {"iptables", "ip6tables"}) {
      const std::string setting = std::string("net.bridge.bridge-nf-call-") + family + (shown ? "=1" : "=0");
      done = box.host({"sysctl", "-qw", setting}).exit_code == 0 && done;
    }
    return done;
  }
  // Another machine with 10.99.0.2 and 10.99.0.3, web servers at ports 80 and 8080, and a name server that knows it.
  void make_world() {
    make_remote_host();
    box.shell("ip -n remote addr add 10.99.0.3/24 dev cable1");
    box.write_file("index.html", "remote");
    for (const char* port : {"80", "8080"}) {
      servers_.emplace_back(
          Arguments{"ip", "netns", "exec", "remote", "busybox", "httpd", "-f", "-p", port, "-h", box.path("")}, "",
          box.path(""));
      ASSERT_TRUE(Sandbox::eventually([&] { return fetch("10.99.0.2:" + std::string(port)) == "remote"; }));
    }
    serve_host_names({"api.test=10.99.0.2", "other.test=10.99.0.3", "metadata.test=169.254.169.254"});
  }
  void restricted(const std::string& name, const Arguments& options) {
    Arguments all = {"--name", name, "--egress", "deny"};
    all.insert(all.end(), options.begin(), options.end());
    box.run_detached(all, {"sleep", "600"});
  }
  void restricted_server(const std::string& name, const Arguments& options) {
    Arguments all = {"--egress", "deny"};
    all.insert(all.end(), options.begin(), options.end());
    serve(name, all);
  }
  bool reaches(const std::string& container, const std::string& host, const std::string& port = "80") {
    return fetch_inside(container, host, port).find("HTTP/1.") != std::string::npos;
  }
  // With the programs of the host in the container's network namespace.
  Result inside(const std::string& container, const std::string& script) {
    return box.host({"ip", "netns", "exec", container, "sh", "-c", script});
  }
  std::string table(const char* family = "inet") {
    std::string tables;
    for (const std::string& line : lines_of(box.host({"nft", "list", "tables", family}).out)) {
      if (line.find("-user") == std::string::npos && line.find("-names") == std::string::npos) {
        tables += box.host({"sh", "-c", "nft list " + line}).out;
      }
    }
    return tables;
  }

  std::vector<Background> servers_;
};

TEST_F(Egress, NothingIsBegunButEverythingIsAnswered) {
  make_world();
  box.minidock_ok({"network", "create", "front"});
  restricted_server("web", {"--network", "front", "-p", "8081:80"});
  serve("neighbour", {"--network", "front"});
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8081"), "web");
  EXPECT_EQ(fetch("localhost:8081"), "web");
  EXPECT_EQ(fetch(box.address_of("web")), "web");
  EXPECT_TRUE(reaches("neighbour", "web"));
  const std::string gateway = box.inspect("web", "{{(index .NetworkSettings.Networks \"front\").Gateway}}");
  EXPECT_FALSE(reaches("web", "10.99.0.2"));
  EXPECT_FALSE(reaches("web", box.address_of("neighbour")));
  EXPECT_FALSE(reaches("web", "10.99.0.1", "8081")) << "itself, by way of the host";
  for (const std::string& address : {std::string("10.99.0.2"), gateway, box.address_of("neighbour")}) {
    EXPECT_NE(box.minidock({"exec", "web", "ping", "-c", "1", "-W", "1", address}).exit_code, 0) << address;
  }
  EXPECT_EQ(box.minidock({"exec", "neighbour", "ping", "-c", "1", "-W", "2", box.address_of("web")}).exit_code, 0);
  EXPECT_TRUE(reaches("neighbour", "10.99.0.2")) << "who is not restricted";
}

TEST_F(Egress, WhereBridgedPacketsAreShownToNetfilter) {
  if (!show_bridged_packets_to_netfilter(true)) GTEST_SKIP() << "no module br_netfilter";
  make_world();
  box.minidock_ok({"network", "create", "front"});
  restricted_server("web", {"--network", "front", "-p", "8081:80", "--egress-allow", "api.test:80"});
  serve("neighbour", {"--network", "front"});
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8081"), "web");
  EXPECT_EQ(fetch("localhost:8081"), "web");
  EXPECT_TRUE(reaches("neighbour", "web"));
  EXPECT_TRUE(reaches("web", "api.test"));
  EXPECT_FALSE(reaches("web", "neighbour"));
  EXPECT_FALSE(reaches("web", "10.99.0.3"));
}

TEST_F(Egress, TheProgramHearsAtOnceThatItIsNotAllowed) {
  make_world();
  restricted("app", {});
  EXPECT_EQ(trimmed(inside("app",
                           "python3 -c \"import socket\ntry: socket.create_connection(('10.99.0.2',80),20)\n"
                           "except OSError as error: print(error.strerror)\"")
                        .out),
            "No route to host");
}

TEST_F(Egress, AddressesAndPortsMayBeAllowed) {
  make_world();
  restricted("app", {"--egress-allow", "10.99.0.2:80,10.99.0.3:8000-8090/tcp"});
  EXPECT_TRUE(reaches("app", "10.99.0.2", "80"));
  EXPECT_FALSE(reaches("app", "10.99.0.2", "8080"));
  EXPECT_FALSE(reaches("app", "10.99.0.3", "80"));
  EXPECT_TRUE(reaches("app", "10.99.0.3", "8080"));
  EXPECT_NE(box.minidock({"exec", "app", "ping", "-c", "1", "-W", "1", "10.99.0.2"}).exit_code, 0);
  restricted("all", {"--egress-allow", "10.99.0.2/31"});
  EXPECT_TRUE(reaches("all", "10.99.0.2", "8080"));
  EXPECT_EQ(box.minidock({"exec", "all", "ping", "-c", "1", "-W", "2", "10.99.0.3"}).exit_code, 0);
}

TEST_F(Egress, ANamesAddressesAreLearnt) {
  make_world();
  restricted("app", {"--egress-allow", "api.test:80"});
  EXPECT_FALSE(reaches("app", "10.99.0.2")) << "nobody has asked yet";
  EXPECT_TRUE(reaches("app", "api.test"));
  EXPECT_TRUE(reaches("app", "10.99.0.2"));
  EXPECT_FALSE(reaches("app", "10.99.0.2", "8080"));
  EXPECT_FALSE(reaches("app", "10.99.0.3"));
}

TEST_F(Egress, OtherNamesAreNotEvenAskedFor) {
  make_world();
  restricted("app", {"--egress-allow", "api.test"});
  const auto status = [&](const char* name) { return inside("app", std::string("dig @127.0.0.11 ") + name).out; };
  EXPECT_THAT(status("other.test"), HasSubstr("status: NXDOMAIN"));
  EXPECT_THAT(status("secret.evil.example"), HasSubstr("status: NXDOMAIN"));
  EXPECT_THAT(status("api.test"), HasSubstr("status: NOERROR"));
}

TEST_F(Egress, NamesWithAStar) {
  make_world();
  restricted("below", {"--egress-allow", "*.test:80"});
  EXPECT_TRUE(reaches("below", "other.test"));
  restricted("every", {"--egress-allow", "*:8080"});
  EXPECT_TRUE(reaches("every", "api.test", "8080"));
  EXPECT_FALSE(reaches("every", "api.test", "80"));
  EXPECT_FALSE(reaches("every", "10.99.0.3", "8080")) << "no name has led there";
  inside("every", "dig @127.0.0.11 metadata.test");
  EXPECT_THAT(table(), Not(HasSubstr("169.254.169.254"))) << "whoever has a name could make it lead there";
}

TEST_F(Egress, NeighboursByTheirNames) {
  box.minidock_ok({"network", "create", "front"});
  serve("db", {"--network", "front", "--network-alias", "store"});
  serve("web", {"--network", "front"});
  restricted("app", {"--network", "front", "--egress-allow", "store:80"});
  EXPECT_TRUE(reaches("app", "store"));
  EXPECT_FALSE(reaches("app", "web")) << "known, but not allowed";
}

TEST_F(Egress, UdpIsAnsweredAndNotBegun) {
  box.minidock_ok({"network", "create", "front"});
  restricted("app", {"--network", "front"});
  box.run_detached({"--name", "other", "--network", "front"}, {"sleep", "600"});
  const std::string app = box.address_of("app");
  const std::string other = box.address_of("other");
  const auto echo = [&](const std::string& container, const std::string& address) {
    return Background({"ip", "netns", "exec", container, "python3", "-c",
                       "import socket\n"
                       "s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
                       "s.bind(('" +
                           address +
                           "',7000))\n"
                           "print('ready',flush=True)\n"
                           "while 1:\n d,a=s.recvfrom(99)\n s.sendto(d,a)\n"},
                      "", box.path(""));
  };
  const auto ask = [&](const std::string& container, const std::string& address) {
    return trimmed(inside(container,
                          "python3 -c \"import socket\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
                          "s.settimeout(1)\ns.sendto(b'hello',('" +
                              address +
                              "',7000))\n"
                              "print(s.recv(9).decode())\" 2>/dev/null")
                       .out);
  };
  const Background of_app = echo("app", app);
  const Background of_other = echo("other", other);
  ASSERT_TRUE(Sandbox::eventually([&] { return !of_app.out().empty() && !of_other.out().empty(); }));
  EXPECT_EQ(ask("other", app), "hello");
  EXPECT_EQ(ask("app", other), "");
}

TEST_F(Egress, RootWithAllRightsOverItsNetworkIsHeldTo) {
  make_world();
  box.minidock_ok({"network", "create", "front"});
  serve("neighbour", {"--network", "front"});
  restricted("app", {"--network", "front", "--cap-add", "NET_ADMIN", "--cap-add", "NET_RAW"});
  const std::string neighbour = box.address_of("neighbour");
  inside("app", "nft flush ruleset");
  EXPECT_FALSE(reaches("app", "10.99.0.2"));
  EXPECT_FALSE(reaches("app", neighbour));
  // Another address of its own, or the neighbour's.
  inside("app", "ip addr add 172.31.255.77/8 dev eth0; ip addr add " + neighbour + "/16 dev eth0");
  for (const std::string& source : {std::string("172.31.255.77"), neighbour}) {
    EXPECT_NE(inside("app", "curl -s --max-time 1 --interface " + source + " http://10.99.0.2/").exit_code, 0)
        << source;
  }
  inside("app", "ip addr flush dev eth0; ip addr add " + box.address_of("app") + "/16 dev eth0");
  // Straight to the neighbour's MAC address: as the first packet, and as one of a connection that nobody began.
  const std::string mac = box.inspect("neighbour", "{{(index .NetworkSettings.Networks \"front\").MacAddress}}");
  Background seen({"ip", "netns", "exec", "neighbour", "python3", "-c",
                   "import socket\n"
                   "s=socket.socket(socket.AF_PACKET,socket.SOCK_RAW,socket.htons(0x800))\n"
                   "print('ready',flush=True)\n"
                   "while 1:\n"
                   " d=s.recv(2000)\n"
                   " if b'smuggled' in d or b'allowed' in d: print(d[-8:].decode(),flush=True)\n"},
                  "", box.path(""));
  ASSERT_TRUE(Sandbox::eventually([&] { return seen.out() == "ready\n"; }));
  const auto send_raw = [&](const std::string& container, const std::string& payload, int flags) {
    const std::string text =
        "import socket,struct\n"
        "mac=bytes.fromhex('" +
        mac +
        "'.replace(':',''))\n"
        "own=bytes.fromhex(open('/sys/class/net/eth0/address').read().strip().replace(':',''))\n"
        "a=socket.inet_aton('" +
        box.address_of(container) +
        "')\n"
        "b=socket.inet_aton('" +
        neighbour +
        "')\n"
        "def sum(d):\n"
        " if len(d)%2: d+=b'\\0'\n"
        " t=0\n"
        " for i in range(0,len(d),2): t+=d[i]*256+d[i+1]\n"
        " while t>>16: t=(t&65535)+(t>>16)\n"
        " return ~t&65535\n"
        "p=b'" +
        payload +
        "'\n"
        "t=struct.pack('>HHIIBBHHH',4000,80,1,1,5<<4," +
        std::to_string(flags) +
        ",1000,0,0)+p\n"
        "t=t[:16]+struct.pack('>H',sum(a+b+struct.pack('>BBH',0,6,len(t))+t))+t[18:]\n"
        "h=struct.pack('>BBHHHBBH',69,0,20+len(t),1,0,64,6,0)+a+b\n"
        "h=h[:10]+struct.pack('>H',sum(h))+h[12:]\n"
        "s=socket.socket(socket.AF_PACKET,socket.SOCK_RAW)\n"
        "s.bind(('eth0',0))\n"
        "s.send(mac+own+b'\\x08\\0'+h+t)\n";
    return inside(container, "python3 -c \"$(cat <<'END'\n" + text + "END\n)\"");
  };
  constexpr int kSyn = 2;
  constexpr int kAckAndPush = 24;
  for (const int flags : {kSyn, kAckAndPush}) {
    const Result sent = send_raw("app", "smuggled", flags);
    EXPECT_EQ(sent.exit_code, 0) << sent.err;
  }
  box.run_detached({"--name", "free", "--network", "front"}, {"sleep", "600"});
  send_raw("free", "_allowed", kSyn);
  EXPECT_TRUE(Sandbox::eventually([&] { return seen.out().find("allowed") != std::string::npos; }));
  EXPECT_THAT(seen.out(), Not(HasSubstr("smuggled")));
}

TEST_F(Egress, Ipv6) {
  make_world();
  box.shell(
      "ip addr add fd99::1/64 dev cable0 nodad && ip -n remote addr add fd99::2/64 dev cable1 nodad &&"
      "ip -n remote addr add fd99::3/64 dev cable1 nodad && ip -n remote -6 route add default via fd99::1");
  box.minidock_ok({"network", "create", "--ipv6", "--subnet", "10.66.0.0/24", "--subnet", "fd66::/64", "six"});
  restricted_server("app", {"--network", "six", "--egress-allow", "[fd99::2]:80", "-p", "8081:80"});
  serve("other", {"--network", "six"});
  EXPECT_TRUE(reaches("app", "fd99::2"));
  EXPECT_FALSE(reaches("app", "fd99::2", "8080"));
  EXPECT_FALSE(reaches("app", "fd99::3"));
  EXPECT_FALSE(reaches("app", "fd66::3"));
  EXPECT_TRUE(reaches("other", "fd66::2"));
  EXPECT_EQ(fetch_from("remote", "[fd99::1]:8081"), "app");
  EXPECT_NE(box.minidock({"exec", "app", "ping", "-6", "-c", "1", "-W", "1", "fd66::1"}).exit_code, 0);
  EXPECT_NE(inside("app", "ping -6 -c 1 -W 1 fe80::42:aff:fe42:3%eth0").exit_code, 0) << "the neighbour's own link";
}

TEST_F(Egress, ComesBackAfterAFlush) {
  make_world();
  restricted("app", {"--egress-allow", "api.test:80,10.99.0.3:80"});
  EXPECT_TRUE(reaches("app", "api.test"));
  box.shell("nft flush ruleset");
  EXPECT_TRUE(Sandbox::eventually([&] { return table().find("egress_") != std::string::npos; }));
  EXPECT_TRUE(Sandbox::eventually([&] { return reaches("app", "10.99.0.2"); })) << "what was learnt before";
  EXPECT_TRUE(reaches("app", "10.99.0.3"));
  EXPECT_FALSE(reaches("app", "10.99.0.2", "8080"));
  box.minidock_ok({"network", "reload"});
  EXPECT_TRUE(Sandbox::eventually([&] { return reaches("app", "10.99.0.2"); }));
  EXPECT_FALSE(reaches("app", "10.99.0.3", "8080"));
}

TEST_F(Egress, NothingIsLeftOfAContainerThatIsGone) {
  make_world();
  box.minidock_ok({"network", "create", "--subnet", "10.77.0.0/24", "front"});
  serve("neighbour", {"--network", "front"});
  restricted("app", {"--network", "front", "--ip", "10.77.0.9", "--egress-allow", "api.test,10.1.0.0/16:80"});
  EXPECT_THAT(table(), HasSubstr("egress_"));
  EXPECT_THAT(table("bridge"), HasSubstr("10.77.0.9 :"));
  box.minidock_ok({"rm", "-f", "app"});
  EXPECT_THAT(table(), Not(HasSubstr("egress_")));
  EXPECT_THAT(table(), Not(HasSubstr("10.77.0.9")));
  EXPECT_THAT(table("bridge"), Not(HasSubstr("10.77.0.9 :")));
  box.run_detached({"--name", "free", "--network", "front", "--ip", "10.77.0.9"}, {"sleep", "600"});
  EXPECT_TRUE(reaches("free", "10.99.0.2"));
  EXPECT_TRUE(reaches("free", "neighbour"));
}

TEST_F(Egress, AKilledShimsContainerLeavesItsRulesToTheNextCommand) {
  make_world();
  box.minidock_ok({"network", "create", "--subnet", "10.77.0.0/24", "front"});
  restricted("app", {"--network", "front", "--ip", "10.77.0.9"});
  box.shell("kill -9 $(ps -o ppid= -p " + std::to_string(box.pid_of("app")) + ")");
  EXPECT_TRUE(Sandbox::eventually([&] { return box.inspect("app", "{{.State.Running}}") == "false"; }));
  box.run_detached({"--name", "free", "--network", "front", "--ip", "10.77.0.9"}, {"sleep", "600"});
  EXPECT_TRUE(reaches("free", "10.99.0.2"));
  box.minidock_ok({"rm", "-f", "free"});
  box.minidock_ok({"start", "app"});
  EXPECT_FALSE(reaches("app", "10.99.0.2"));
}

TEST_F(Egress, RestartsAreRestrictedToo) {
  make_world();
  restricted("app", {"--egress-allow", "api.test:80", "--restart", "always"});
  EXPECT_TRUE(reaches("app", "api.test"));
  box.shell("kill -9 " + box.minidock_ok({"inspect", "-f", "{{.State.Pid}}", "app"}));
  EXPECT_TRUE(
      Sandbox::eventually([&] { return box.inspect("app", "{{.RestartCount}} {{.State.Running}}") == "1 true"; }));
  EXPECT_FALSE(reaches("app", "10.99.0.2")) << "the new run has asked nobody yet";
  EXPECT_TRUE(reaches("app", "api.test"));
  EXPECT_FALSE(reaches("app", "10.99.0.3"));
}

TEST_F(Egress, NetworksThatComeAndGo) {
  make_world();
  for (const char* name : {"front", "back"}) box.minidock_ok({"network", "create", name});
  serve("db", {"--network", "back"});
  restricted("app", {"--network", "front", "--egress-allow", "10.99.0.2:80"});
  box.minidock_ok({"network", "connect", "back", "app"});
  EXPECT_FALSE(reaches("app", "db"));
  box.minidock_ok({"network", "disconnect", "front", "app"});
  EXPECT_TRUE(reaches("app", "10.99.0.2")) << "by the other network";
  EXPECT_FALSE(reaches("app", "10.99.0.3"));
  EXPECT_FALSE(reaches("app", "db"));
}

TEST_F(Egress, WhoeverSharesTheNetworkIsRestrictedWithIt) {
  make_world();
  restricted("app", {});
  box.run_detached({"--name", "guest", "--network", "container:app"}, {"sleep", "600"});
  EXPECT_FALSE(reaches("guest", "10.99.0.2"));
  box.minidock_ok({"rm", "-f", "app"});
  EXPECT_FALSE(reaches("guest", "10.99.0.2")) << "after its host";
}

TEST_F(Egress, WithServersOfItsOwnForNames) {
  make_world();
  restricted("app", {"--dns", "127.0.0.53", "--egress-allow", "api.test:80"});
  EXPECT_TRUE(reaches("app", "api.test")) << "asked by the host, which may";
  EXPECT_FALSE(reaches("app", "10.99.0.3"));
}

TEST_F(Egress, NamesOfTheHostsFile) {
  make_world();
  restricted("app", {"--add-host", "Api:10.99.0.2", "--egress-allow", "api:80"});
  EXPECT_TRUE(reaches("app", "api"));
  EXPECT_FALSE(reaches("app", "api", "8080"));
}

TEST_F(Egress, TheDefaultNetworkBehindAnotherBridge) {
  make_world();
  // What other bridges carry is none of ours, whatever addresses it has.
  restricted("app", {});
  const std::string app = box.address_of("app");
  box.shell(
      "ip link add other0 type bridge forward_delay 0 && ip link set other0 up &&"
      "for i in 1 2; do ip netns add side$i && ip link add side$i type veth peer name eth0 netns side$i &&"
      "ip link set side$i master other0 up && ip -n side$i link set eth0 up; done &&"
      "ip -n side1 addr add 172.16.0.1/12 dev eth0 && ip -n side2 addr add " +
      app + "/12 dev eth0");
  EXPECT_EQ(box.host({"ip", "netns", "exec", "side1", "ping", "-c", "1", "-W", "2", app}).exit_code, 0);
  box.shell("ip netns del side1; ip netns del side2; ip link del other0");
}

TEST_F(Egress, IsToldByInspect) {
  restricted("app", {"--egress-allow", "API.test:443,10.1.2.3/8", "--egress-allow", "api.test:443"});
  EXPECT_EQ(box.inspect("app", "{{.HostConfig.Egress}} {{json .HostConfig.EgressAllow}}"),
            R"(deny ["api.test:443","10.0.0.0/8"])");
  box.run_detached({"--name", "free", "--egress", "allow"}, {"sleep", "600"});
  EXPECT_THAT(box.minidock_ok({"inspect", "free"}), Not(HasSubstr("Egress")));
}

TEST_F(Egress, WhatCannotBeKeptIsRefused) {
  const auto error = [&](const Arguments& options) { return trimmed(box.run(options, {"true"}).err); };
  EXPECT_THAT(error({"--egress", "maybe"}), HasSubstr(R"(invalid --egress "maybe": it is "allow" or "deny")"));
  EXPECT_THAT(error({"--egress-allow", "db"}), HasSubstr("which is not there"));
  EXPECT_THAT(error({"--egress", "deny", "--egress-allow", "db:http"}),
              HasSubstr(R"(invalid --egress-allow "db:http")"));
  EXPECT_THAT(error({"--egress", "deny", "--network", "none"}), HasSubstr("needs a network of the container's own"));
  EXPECT_THAT(error({"--egress", "deny", "--network", "host", "--userns", "host"}),
              HasSubstr("needs a network of the container's own"));
  box.minidock_ok({"network", "create", "-o", "com.minidock.allow_spoofing=true", "loose"});
  EXPECT_THAT(error({"--egress", "deny", "--network", "loose"}), HasSubstr("cannot be kept on network loose"));
}

}  // namespace
}  // namespace minidock::functional
