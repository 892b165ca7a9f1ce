// system check: addresses, ports, interfaces, bridges and firewall, each really broken.
#include <algorithm>
#include <fstream>

#include "tests/functional/check_fixture.h"

namespace minidock::functional {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

// ---- what is found

TEST_F(Check, FindsNothingWrongWithAHealthyInstance) {
  box.minidock_ok({"network", "create", "--subnet", "10.71.0.0/24", "net1"});
  box.minidock_ok({"network", "create", "--ipv6", "--subnet", "fd71::/64", "net6"});
  box.minidock_ok({"network", "create", "--internal", "inside"});
  box.minidock_ok({"network", "create", "unused"});
  expect_clean();
  serve("web", {"-p", "8080:80", "-p", "127.0.0.1:8081:80"});
  sleeper("db", {"--network", "net1", "--network-alias", "base"});
  sleeper("both", {"--network", "name=net6,alias=other", "-p", "8082:80", "-p", "5353:53/udp", "-v", "data:/data"});
  sleeper("paused", {"--network", "inside"});
  sleeper("alone", {"--network", "none"});
  sleeper("restricted", {"--network", "net6", "--egress", "deny", "--egress-allow", "db,10.0.0.0/8:80"});
  sleeper("joined", {"--network", "container:web"});
  sleeper("ended");
  box.minidock_ok({"create", "--name", "created", "-p", "8090:80", "busybox"});
  box.minidock_ok({"pause", "paused"});
  box.minidock_ok({"stop", "-t", "0", "ended"});
  box.minidock_ok({"network", "connect", "--alias", "late", "net1", "both"});
  box.minidock_ok({"network", "connect", "net1", "web"});
  box.minidock_ok({"network", "disconnect", "net1", "web"});
  box.minidock_ok({"update", "--publish-add", "8083:80", "--publish-rm", "8081", "web"});
  box.minidock_ok({"rename", "db", "db1"});
  box.minidock_ok({"container", "mount", "web"});
  box.minidock_ok({"container", "mount", "ended"});
  box.minidock_ok({"image", "mount", "busybox"});
  box.run_detached({"--name", "again", "--restart", "always", "-p", "8084:80"}, {"sh", "-c", "sleep 0.2; exit 1"});
  for (int i = 0; i < 5; ++i) expect_clean();
  EXPECT_EQ(fetch("127.0.0.1:8080"), "web");
  EXPECT_THAT(repairs(), IsEmpty());
  EXPECT_EQ(fetch("127.0.0.1:8083"), "web");
  box.minidock_ok({"container", "unmount", "web"});
  box.minidock_ok({"container", "unmount", "ended"});
  box.minidock_ok({"image", "unmount", "busybox"});
}

TEST_F(Check, TakesNoContainerOnItsWayForALeak) {
  box.load("busybox");
  box.minidock_ok({"network", "create", "net1"});
  const std::string command = join(box.command({"run", "--rm", "--network", "net1", "busybox", "true"}));
  std::vector<Background> runs;
  for (int i = 0; i < 4; ++i) {
    runs.emplace_back(Arguments{"sh", "-c", "for i in 1 2 3 4 5; do " + command + " || exit 1; done"}, "",
                      box.path(""));
  }
  Background connecting(
      Arguments{"sh", "-c",
                join(box.command({"run", "-d", "--name", "web", "-p", "8080:80", "busybox", "sleep", "600"})) +
                    "; for i in 1 2 3 4 5; do " + join(box.command({"network", "connect", "net1", "web"})) + " && " +
                    join(box.command({"network", "disconnect", "net1", "web"})) + " && " +
                    join(box.command({"update", "--publish-add", "8081:80", "web"})) + " && " +
                    join(box.command({"update", "--publish-rm", "8081", "web"})) + " || exit 1; done"},
      "", box.path(""));
  const auto goes_on = [](const Background& process) {
    const std::string state = status_field(process.pid(), "State");
    return !state.empty() && state.front() != 'Z';
  };
  int checks = 0;
  for (; goes_on(connecting) || std::any_of(runs.begin(), runs.end(), goes_on); ++checks) {
    EXPECT_THAT(findings(), IsEmpty());
  }
  EXPECT_GE(checks, 2);
  for (Background& run : runs) EXPECT_EQ(run.wait().exit_code, 0);
  EXPECT_EQ(connecting.wait().exit_code, 0);
  expect_clean();
}

TEST_F(Check, ShowsATableOrJson) {
  sleeper("web", {"-p", "8080:80"});
  kill_shim_of("web");
  const Result table = box.minidock({"system", "check"});
  EXPECT_EQ(table.exit_code, 1);
  ASSERT_THAT(lines_of(table.out), testing::SizeIs(testing::Ge(2)));
  EXPECT_THAT(lines_of(table.out)[0], testing::MatchesRegex("KIND +OBJECT +FINDING"));
  EXPECT_THAT(lines_of(table.out)[1],
              testing::MatchesRegex("container +web +is running by its row, but nobody is behind it"));
  const Result json = box.minidock({"system", "check", "--format", "json"});
  EXPECT_EQ(json.exit_code, 1);
  EXPECT_EQ(
      lines_of(json.out)[0],
      R"({"Finding":"is running by its row, but nobody is behind it","Kind":"container","Object":"web","Repair":""})");
  // Nothing is repaired whose outcome cannot be told.
  EXPECT_NE(box.minidock({"system", "check", "--repair", "--format", "{{.Kind"}).exit_code, 0);
  EXPECT_EQ(box.minidock({"system", "check", "--format", "json"}).out, json.out);
  const Result repaired = box.minidock({"system", "check", "--repair"});
  EXPECT_EQ(repaired.exit_code, 0);
  EXPECT_THAT(lines_of(repaired.out)[0], testing::MatchesRegex("KIND +OBJECT +FINDING +REPAIR"));
  EXPECT_THAT(box.minidock({"system", "check", "here"}).exit_code, testing::Ne(0));
}

// ---- leases

TEST_F(Check, ReleasesWhatADeadShimHeld) {
  sleeper("web", {"-p", "8080:80"});
  const std::string address = box.address_of("web");
  kill_shim_of("web");
  const std::vector<std::string> found = findings();
  EXPECT_THAT(
      found, AllOf(Contains("container web is running by its row, but nobody is behind it"),
                   Contains("address " + address + " on network bridge is leased to container web, which does not run"),
                   Contains("port 0.0.0.0:8080/tcp is reserved for container web, which does not run")));
  EXPECT_EQ(findings(), found);
  EXPECT_THAT(repairs(), AllOf(Contains("container web: cleaned up"), Contains("address " + address + ": released"),
                               Contains("port 0.0.0.0:8080/tcp: released")));
  expect_clean();
  EXPECT_EQ(box.inspect("web", "{{.State.Status}} {{.State.ExitCode}}"), "exited 137");
  sleeper("next", {"-p", "8080:80"});
}

TEST_F(Check, CleansUpAfterTheMachineWentDown) {
  sleeper("web", {"-p", "8080:80", "-v", "data:/data"});
  const std::string table = instance();
  const std::string bridge = bridge_of("bridge");
  kill_shim_of("web");
  box.shell("rm -rf " + box.path("state") + "; nft flush ruleset; ip link del " + bridge);
  EXPECT_THAT(findings(), AllOf(Contains("container web is running by its row, but nobody is behind it"),
                                Contains(StartsWith("cgroup /" + table + "/")),
                                // Nobody needs it now.
                                Not(Contains(StartsWith("firewall")))));
  repairs();
  expect_clean();
  box.minidock_ok({"start", "web"});
  expect_clean();
}

TEST_F(Check, TellsOfAContainerThatCannotBeLookedAt) {
  sleeper("web");
  sleeper("db");
  const std::string file = box.path("state/containers/" + id_of("web") + "/state.json");
  const std::string before = read_file(file);
  kill_shim_of("db");
  box.shell("echo garbage > " + file);
  EXPECT_THAT(findings(), Contains("container web cannot be looked at: state.json is not valid JSON"));
  const Result result = box.minidock({"system", "check", "--repair", "--format", "{{.Kind}} {{.Object}}: {{.Repair}}"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(lines_of(result.out),
              AllOf(Contains(StartsWith("container web: failed: state.json is not valid JSON; end "
                                        "its minidock-shim, remove the damaged file in ")),
                    Contains("container db: cleaned up")));
  std::ofstream(file) << before;
  expect_clean();
}

TEST_F(Check, RemovesADeadContainerThatWasRunWithRm) {
  sleeper("web", {"--rm"});
  kill_shim_of("web");
  EXPECT_THAT(findings(), Contains("container web is starting by its row, but nobody is behind it"));
  EXPECT_THAT(repairs(), Contains("container web: cleaned up"));
  expect_clean();
  EXPECT_EQ(box.minidock({"container", "exists", "web"}).exit_code, 1);
}

TEST_F(Check, ReleasesTheLeasesOfNobody) {
  sleeper("web");
  box.shell("python3 -c '\nimport sqlite3\ndb = sqlite3.connect(\"" + box.path("root/db.sqlite") +
            "\")\nnetwork = db.execute(\"SELECT id FROM networks\").fetchone()[0]\n"
            "db.execute(\"INSERT INTO endpoints(network_id, address, container_id, endpoint_id) VALUES(?, ?, ?, ?)\", "
            "(network, \"10.9.9.9\", \"" +
            nobody_ +
            "\", \"ab\"))\n"
            "db.execute(\"INSERT INTO ports VALUES(?, ?, ?, ?, ?, ?)\", (\"tcp\", 9999, \"0.0.0.0\", \"" +
            nobody_ + "\", \"\", 80))\ndb.commit()'");
  const std::vector<std::string> found = findings();
  EXPECT_THAT(found, AllOf(Contains("address 10.9.9.9 on network bridge is leased to container 000000000000, which is "
                                    "gone"),
                           Contains("port 0.0.0.0:9999/tcp is reserved for container 000000000000, which is gone")));
  EXPECT_EQ(findings(), found);
  EXPECT_THAT(repairs(), Contains("address 10.9.9.9: released"));
  expect_clean();
}

TEST_F(Check, EndsAnUpdateThatWasCutOff) {
  serve("web", {"-p", "8080:80"});
  box.shell("echo > " + box.path("state/containers/" + id_of("web") + "/ports.lock"));
  // Whoever meets the container mends it: only the check looks without doing so.
  expect_found_and_repaired(
      {"port of container web may be open or closed: an update of the published ports was cut off"},
      {"port of container web: made as the database says"});
  EXPECT_EQ(fetch("127.0.0.1:8080"), "web");
}

// ---- interfaces

TEST_F(Check, RemovesAnInterfaceThatOutlivedItsContainer) {
  sleeper("other");
  sleeper("web");
  const std::string interface = interface_of("web");
  box.shell("ip netns attach kept " + std::to_string(box.pid_of("web")));
  box.minidock_ok({"rm", "-f", "web"});
  box.shell("ip link add mdforeign type veth peer name mdforeign1");  // another instance's
  expect_found_and_repaired({"interface " + interface + " belongs to no endpoint"},
                            {"interface " + interface + ": removed"});
  EXPECT_EQ(box.shell("ip -o link | grep -c mdforeign"), "2");
  EXPECT_NE(box.host({"ip", "link", "show", interface}).exit_code, 0);
  box.shell("ip link del mdforeign; ip netns del kept");
}

TEST_F(Check, JoinsAnInterfaceToItsBridgeAgain) {
  serve("web", {});
  const std::string interface = interface_of("web");
  box.shell("ip link set " + interface + " nomaster");
  expect_found_and_repaired(
      {"interface " + interface + " of container web on network bridge is not on bridge " + bridge_of("bridge")},
      {"interface " + interface + ": joined to it again"});
  EXPECT_EQ(fetch(box.address_of("web")), "web");
}

TEST_F(Check, MakesALostInterfaceAgain) {
  serve("web", {"-p", "8080:80"});
  const std::string interface = interface_of("web");
  box.shell("ip link del " + interface);
  expect_found_and_repaired({"interface " + interface + " of container web on network bridge is gone"},
                            {"interface " + interface + ": made again"});
  EXPECT_EQ(fetch("127.0.0.1:8080"), "web");
  EXPECT_EQ(box.minidock({"exec", "web", "ip", "route", "get", "192.0.2.1"}).exit_code, 0);
}

// ---- bridges

TEST_F(Check, MakesALostBridgeAgain) {
  box.minidock_ok({"network", "create", "--ipv6", "--subnet", "fd71::/64", "net1"});
  serve("web", {"--network", "net1", "-p", "8080:80"});
  const std::string bridge = bridge_of("net1");
  const std::string interface = interface_of("web");
  box.shell("ip link del " + bridge);
  expect_found_and_repaired({"bridge " + bridge + " of network net1 is gone",
                             "interface " + interface + " of container web on network net1 is not on bridge " + bridge},
                            {"bridge " + bridge + ": made again", "interface " + interface + ": joined to it again"});
  EXPECT_EQ(fetch("127.0.0.1:8080"), "web");
  box.shell("ip -6 addr flush dev " + bridge + " scope global");
  expect_found_and_repaired({"bridge " + bridge + " of network net1 lacks its address fd71::1"},
                            {"bridge " + bridge + ": made again"});
}

TEST_F(Check, RemovesABridgeOfNoNetwork) {
  sleeper("web");
  box.shell("ip link add mdleft type bridge; ip link set mdleft group " + group());
  box.shell("ip link add mdforeign type bridge");  // another instance's
  expect_found_and_repaired({"bridge mdleft belongs to no network"}, {"bridge mdleft: removed"});
  EXPECT_EQ(box.host({"ip", "link", "show", "mdforeign"}).exit_code, 0);
  box.shell("ip link del mdforeign");
}

TEST_F(Check, SetsSysctlsAgain) {
  box.minidock_ok({"network", "create", "--ipv6", "--subnet", "fd71::/64", "net1"});
  sleeper("web", {"--network", "net1"});
  const std::string bridge = bridge_of("net1");
  box.shell("sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 net.ipv4.conf." + bridge +
            ".route_localnet=0");
  expect_found_and_repaired({"sysctl net.ipv4.ip_forward is 0: containers reach nothing outside",
                             "sysctl net.ipv6.conf.all.forwarding is 0: containers reach nothing outside by IPv6",
                             "bridge " + bridge + " of network net1 does not let 127.0.0.1 lead to published ports " +
                                 "(route_localnet is 0)"},
                            {"sysctl net.ipv4.ip_forward: set again", "sysctl net.ipv6.conf.all.forwarding: set again",
                             "bridge " + bridge + ": made again"});
  EXPECT_EQ(box.shell("sysctl -n net.ipv4.ip_forward net.ipv6.conf.all.forwarding net.ipv4.conf." + bridge +
                      ".route_localnet | tr '\\n' ' '"),
            "1 1 1 ");
}

// ---- the firewall

TEST_F(Check, PutsPublishedPortsRight) {
  box.minidock_ok({"network", "create", "--ipv6", "--subnet", "fd71::/64", "net1"});
  serve("web", {"--network", "net1", "--ip6", "fd71::9", "-p", "8080:80", "-p", "127.0.0.1:8081:80"});
  const std::string address = box.address_of("web");
  const std::string table = "inet " + instance();
  box.shell("nft 'delete element " + table + " published { tcp . 8080 }'");
  box.shell("nft 'delete element " + table + " published6 { tcp . 8080 }'");
  box.shell("nft 'delete element " + table + " published_on_address { 127.0.0.1 . tcp . 8081 }'");
  box.shell("nft 'add element " + table + " published_on_address { 127.0.0.1 . tcp . 8081 : 192.0.2.7 . 90 }'");
  box.shell("nft 'add element " + table + " published { udp . 9999 : 192.0.2.8 . 99 }'");
  box.shell("nft 'add element " + table + " published_on_address6 { fd99::1 . sctp . 7 : fd99::2 . 8 }'");
  expect_found_and_repaired(
      {"port 0.0.0.0:8080/tcp leads nowhere, instead of to " + address + ":80",
       "port [::]:8080/tcp leads nowhere, instead of to [fd71::9]:80",
       "port 127.0.0.1:8081/tcp leads to 192.0.2.7:90, instead of to " + address + ":80",
       "port 0.0.0.0:9999/udp leads to 192.0.2.8:99, but no container has it",
       "port [fd99::1]:7/sctp leads to [fd99::2]:8, but no container has it"},
      {"port 0.0.0.0:8080/tcp: built again", "port [::]:8080/tcp: built again", "port 127.0.0.1:8081/tcp: built again",
       "port 0.0.0.0:9999/udp: built again", "port [fd99::1]:7/sctp: built again"});
  EXPECT_EQ(fetch("127.0.0.1:8080"), "web");
  EXPECT_EQ(fetch("127.0.0.1:8081"), "web");
}

TEST_F(Check, PutsTheGuardOfSendersRight) {
  serve("web", {});
  sleeper("db");
  const std::string table = "bridge " + instance();
  const std::string web = interface_of("web");
  const std::string db = interface_of("db");
  box.shell("nft 'delete element " + table + " ports { " + web + " }'");
  box.shell("nft 'delete element " + table + " addresses { " + web + " . " + box.address_of("web") + " }'");
  box.shell("nft 'add element " + table + " addresses { " + db + " . 192.0.2.9 }'");
  expect_found_and_repaired(
      {"firewall " + web + " is not guarded: its container may send with any address",
       "firewall " + web + " may not send with " + box.address_of("web") + ", its own address",
       "firewall " + db + " may send with 192.0.2.9, which is not its own address"},
      {"firewall " + web + ": built again", "firewall " + web + ": built again", "firewall " + db + ": built again"});
  EXPECT_EQ(fetch(box.address_of("web")), "web");
}

TEST_F(Check, PutsEgressRulesRight) {
  box.minidock_ok({"network", "create", "--subnet", "10.71.0.0/24", "--gateway", "10.71.0.1", "net1"});
  sleeper("app", {"--network", "net1", "--egress", "deny"});
  const std::string table = instance();
  box.shell("nft 'delete element inet " + table + " restricted { \"" + bridge_of("net1") + "\" . 10.71.0.2 }'");
  box.shell("nft 'add element bridge " + table + " restricted_addresses { 10.71.0.9 : 02:42:0a:47:00:01 }'");
  expect_found_and_repaired({"firewall " + interface_of("app") +
                                 " lacks an element of map restricted: its container's egress rules are "
                                 "passed by",
                             "firewall 10.71.0.9 is in map restricted_addresses, but no restricted container has it"},
                            {"firewall " + interface_of("app") + ": built again", "firewall 10.71.0.9: built again"});
  EXPECT_NE(box.minidock({"exec", "app", "ping", "-c", "1", "-W", "1", "10.71.0.1"}).exit_code, 0);
}

TEST_F(Check, BuildsBrokenTablesAgain) {
  serve("web", {"-p", "8080:80"});
  const std::string table = instance();
  for (const std::string& damage : {"flush chain inet " + table + " prerouting", "flush table bridge " + table,
                                    "delete table inet " + table + "-user"}) {
    box.shell("nft " + damage);
    expect_found_and_repaired({"firewall nft tables " + table + " are gone, or not as minidock made them"},
                              {"firewall nft tables " + table + ": built again"});
    EXPECT_EQ(fetch("127.0.0.1:8080"), "web") << damage;
  }
}

TEST_F(Check, TellsWhyARepairFailedAndGoesOn) {
  serve("web", {});
  const std::string interface = interface_of("web");
  const std::string bridge = bridge_of("bridge");
  box.shell("ip link del " + bridge + "; ip link add " + bridge + " type veth peer name mdtheirs; echo > " +
            box.path("state/containers/" + id_of("web") + "/ports.lock"));
  const Result result = box.minidock({"system", "check", "--repair", "--format", "{{.Kind}} {{.Object}}: {{.Repair}}"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(lines_of(result.out), Contains(AllOf(StartsWith("bridge " + bridge + ": failed: interface " + bridge),
                                                   HasSubstr("it is not a bridge but a veth; remove or rename it"))));
  box.shell("ip link del " + bridge);
  EXPECT_THAT(repairs(), Contains("bridge " + bridge + ": made again"));
  expect_clean();
  EXPECT_EQ(fetch(box.address_of("web")), "web");
}

}  // namespace
}  // namespace minidock::functional
