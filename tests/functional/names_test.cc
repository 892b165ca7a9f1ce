// Containers find each other by name, and the world through their name server.
#include <gmock/gmock.h>

#include <set>

#include "tests/functional/network_fixture.h"

namespace minidock::functional {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

class Names : public Network {
 protected:
  // With dig in the container's network namespace.
  std::vector<std::string> dig(const std::string& container, const Arguments& words) {
    Arguments all = {"ip", "netns", "exec", container, "dig", "@127.0.0.11", "+short", "+tries=1", "+time=5"};
    all.insert(all.end(), words.begin(), words.end());
    return lines_of(box.host(all).out);
  }
  std::string status(const std::string& container, const std::string& name) {
    const std::string text =
        box.host({"ip", "netns", "exec", container, "dig", "@127.0.0.11", "+tries=1", "+time=5", name}).out;
    const std::size_t at = text.find("status: ");
    return at == std::string::npos ? text : text.substr(at + 8, text.find(',', at) - at - 8);
  }
  void idle(const std::string& name, const Arguments& options = {}) {
    Arguments all = {"--name", name};
    all.insert(all.end(), options.begin(), options.end());
    box.run_detached(all, {"sleep", "600"});
  }
};

TEST_F(Names, OnAUsersNetwork) {
  box.minidock_ok({"network", "create", "front"});
  idle("web", {"--network", "front", "--network-alias", "www", "--network-alias", "Shop", "-h", "machine"});
  idle("other", {"--network", "front"});
  const std::string address = box.address_of("web");
  const std::string short_id = box.inspect("web", "{{.Id}}").substr(0, 12);
  for (const std::string& name : {std::string("web"), std::string("WEB"), std::string("www"), std::string("shop"),
                                  std::string("machine"), short_id, std::string("web.front")}) {
    EXPECT_THAT(dig("other", {name}), ElementsAre(address)) << name;
    EXPECT_THAT(dig("other", {"+tcp", name}), ElementsAre(address)) << name;
  }
  EXPECT_THAT(dig("other", {"-x", address}), ElementsAre("web.front."));
  EXPECT_THAT(dig("other", {"web", "AAAA"}), IsEmpty());
  EXPECT_EQ(status("other", "web"), "NOERROR");
  // By the container's own resolver.
  EXPECT_THAT(box.minidock_ok({"exec", "other", "ping", "-c", "1", "web"}), HasSubstr("(" + address + ")"));
  EXPECT_THAT(box.minidock_ok({"exec", "other", "cat", "/etc/resolv.conf"}),
              AllOf(HasSubstr("nameserver 127.0.0.11\n"), HasSubstr("options ndots:0")));
}

TEST_F(Names, OnTheDefaultNetworkUnlessTurnedOff) {
  idle("web");
  idle("other");
  EXPECT_THAT(dig("other", {"web"}), ElementsAre(box.address_of("web")));
  const std::string config = box.write_file("daemon.json", R"({"default-network-names": false})");
  box.minidock_ok({"--config-file", config, "run", "-d", "--name", "docker-like", "busybox", "sleep", "600"});
  EXPECT_THAT(box.minidock_ok({"exec", "docker-like", "cat", "/etc/resolv.conf"}), Not(HasSubstr("127.0.0.11")));
}

TEST_F(Names, OfAnotherNetworkAreUnknown) {
  serve_host_names();
  box.minidock_ok({"network", "create", "front"});
  box.minidock_ok({"network", "create", "back"});
  idle("web", {"--network", "front"});
  idle("db", {"--network", "back"});
  EXPECT_THAT(dig("web", {"db"}), ElementsAre("192.0.2.7"));  // somebody else's, as the host sees it
  box.minidock_ok({"network", "connect", "back", "web"});
  EXPECT_THAT(dig("web", {"db"}), ElementsAre(box.address_of("db")));
  box.minidock_ok({"network", "disconnect", "back", "web"});
  EXPECT_THAT(dig("web", {"db"}), ElementsAre("192.0.2.7"));
}

TEST_F(Names, ComeAndGoWithTheirContainers) {
  box.minidock_ok({"network", "create", "--internal", "front"});
  idle("other", {"--network", "front"});
  idle("web", {"--network", "front"});
  EXPECT_EQ(status("other", "web"), "NOERROR");
  box.minidock_ok({"rename", "web", "site"});
  EXPECT_EQ(status("other", "web"), "NXDOMAIN");
  EXPECT_EQ(status("other", "site"), "NOERROR");
  box.minidock_ok({"stop", "-t", "0", "site"});
  EXPECT_EQ(status("other", "site"), "NXDOMAIN");
  box.minidock_ok({"start", "site"});
  EXPECT_EQ(status("other", "site"), "NOERROR");
  box.minidock_ok({"rm", "-f", "site"});
  EXPECT_EQ(status("other", "site"), "NXDOMAIN");
}

TEST_F(Names, SeveralBehindOneAliasTakeTurns) {
  box.minidock_ok({"network", "create", "front"});
  idle("a1", {"--network", "front", "--network-alias", "app"});
  idle("a2", {"--network", "front", "--network-alias", "app"});
  idle("a3", {"--network", "front", "--network-alias", "app"});
  EXPECT_THAT(dig("a1", {"app"}),
              UnorderedElementsAre(box.address_of("a1"), box.address_of("a2"), box.address_of("a3")));
  std::set<std::string> first;
  for (int i = 0; i < 6; ++i) first.insert(dig("a1", {"app"}).front());
  EXPECT_EQ(first.size(), 3U);
}

TEST_F(Names, LinksAreNamesOfOneContainerAlone) {
  box.minidock_ok({"network", "create", "--internal", "front"});
  idle("web", {"--network", "front"});
  idle("linked", {"--network", "front", "--link", "web:backend"});
  idle("other", {"--network", "front"});
  EXPECT_THAT(dig("linked", {"backend"}), ElementsAre(box.address_of("web")));
  EXPECT_EQ(status("other", "backend"), "NXDOMAIN");
}

TEST_F(Names, OfTheWorldAreAskedFromTheHostsServers) {
  serve_host_names();
  idle("cx");
  EXPECT_THAT(dig("cx", {"example.com"}), ElementsAre("192.0.2.7"));
  EXPECT_THAT(dig("cx", {"+tcp", "example.com"}), ElementsAre("192.0.2.7"));
  // An answer that is too large for UDP comes by TCP; with EDNS it fits.
  EXPECT_EQ(dig("cx", {"+noedns", "large.example.com"}).size(), 60U);
  EXPECT_EQ(dig("cx", {"+bufsize=4096", "large.example.com"}).size(), 60U);
  // The host's file is another one from now on: moved to another network, say.
  box.shell("umount /etc/resolv.conf && echo nameserver 127.0.0.54 > " + box.path("resolv.conf2") +
            " && mount --bind " + box.path("resolv.conf2") + " /etc/resolv.conf");
  Background second({source_directory() + "/tests/functional/answer_names", "127.0.0.54", "192.0.2.8"}, "",
                    box.path(""));
  ASSERT_TRUE(Sandbox::eventually([&] { return second.out() == "ready\n"; })) << second.err();
  EXPECT_THAT(dig("cx", {"example.com"}), ElementsAre("192.0.2.8"));
}

TEST_F(Names, AnInternalNetworkAsksNobody) {
  serve_host_names();
  box.minidock_ok({"network", "create", "--internal", "closed"});
  idle("cx", {"--network", "closed"});
  EXPECT_EQ(status("cx", "example.com"), "NXDOMAIN");
}

TEST_F(Names, DnsServersOfTheContainersOwn) {
  box.minidock_ok({"network", "create", "front"});
  idle("cx", {"--network", "front", "--dns", "127.0.0.99", "--dns-search", "example.org", "--dns-option", "ndots:2"});
  // Its own localhost, not the host's.
  Background inside({"ip", "netns", "exec", "cx", source_directory() + "/tests/functional/answer_names", "127.0.0.99"},
                    "", box.path(""));
  ASSERT_TRUE(Sandbox::eventually([&] { return inside.out() == "ready\n"; })) << inside.err();
  EXPECT_THAT(dig("cx", {"example.com"}), ElementsAre("192.0.2.7"));
  EXPECT_EQ(box.minidock_ok({"exec", "cx", "cat", "/etc/resolv.conf"}),
            "search example.org\nnameserver 127.0.0.11\noptions ndots:2");
}

TEST_F(Names, AProgramMayBindPort53OfAllAddresses) {
  box.minidock_ok({"network", "create", "front"});
  idle("web", {"--network", "front"});
  idle("cx", {"--network", "front"});
  Background inside({"ip", "netns", "exec", "cx", source_directory() + "/tests/functional/answer_names", "0.0.0.0"}, "",
                    box.path(""));
  ASSERT_TRUE(Sandbox::eventually([&] { return inside.out() == "ready\n"; })) << inside.err();
  EXPECT_THAT(dig("cx", {"web"}), ElementsAre(box.address_of("web")));
  const std::string from_web = box.host({"ip", "netns", "exec", "web", "dig", "@" + box.address_of("cx"), "+short",
                                         "+tries=1", "+time=5", "anything"})
                                   .out;
  EXPECT_EQ(trimmed(from_web), "192.0.2.7");
}

TEST_F(Names, WhoJoinsAnothersNetworkHasItsNamesToo) {
  box.minidock_ok({"network", "create", "front"});
  idle("web", {"--network", "front"});
  idle("cx", {"--network", "front", "--add-host", "printer:10.1.2.3", "-h", "machine"});
  idle("guest", {"--network", "container:cx"});
  const std::string seen = box.minidock_ok({"exec", "guest", "cat", "/etc/resolv.conf", "/etc/hosts", "/etc/hostname"});
  EXPECT_EQ(seen, box.minidock_ok({"exec", "cx", "cat", "/etc/resolv.conf", "/etc/hosts", "/etc/hostname"}));
  EXPECT_THAT(seen, AllOf(HasSubstr("nameserver 127.0.0.11"), HasSubstr("10.1.2.3\tprinter")));
  EXPECT_THAT(box.minidock_ok({"exec", "guest", "ping", "-c", "1", "web"}), HasSubstr(box.address_of("web")));
  EXPECT_EQ(box.inspect("guest", "{{.HostsPath}}"), box.inspect("cx", "{{.HostsPath}}"));
}

TEST_F(Names, AreThereAgainAfterARestartOfTheShims) {
  box.minidock_ok({"network", "create", "front"});
  idle("web", {"--network", "front"});
  idle("cx", {"--network", "front", "--restart", "always"});
  const pid_t before = box.pid_of("cx");
  ::kill(before, SIGKILL);
  ASSERT_TRUE(Sandbox::eventually([&] {
    const pid_t now = box.pid_of("cx");
    return now > 0 && now != before;
  }));
  EXPECT_THAT(dig("cx", {"web"}), ElementsAre(box.address_of("web")));
}

}  // namespace
}  // namespace minidock::functional
