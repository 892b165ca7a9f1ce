#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "network/bridge.h"
#include "network/firewall.h"
#include "network/sysctls.h"
#include "tests/unit/network/test_host.h"

namespace minidock::network {
namespace {

using testing::HasSubstr;
using testing::Not;

class HostState : public HostTest {
 protected:
  bool table_is_ready() {
    return firewall_is_ready(instance_.nft_table,
                             {{network_.interface, {IpPrefix::of(*Ipv4Subnet::parse(network_.subnet))}}}, false);
  }
  // nft lists tables in the order in which they were made.
  std::string tables() {
    const std::string& ours = instance_.nft_table;
    return output_of("nft list table inet " + ours + "; nft list table bridge " + ours + "; nft list table inet " +
                     ours + "-user");
  }
};

TEST_F(HostState, HasBridgeAddressSettingsAndTable) {
  start_network();
  const std::string link = output_of("ip -d link show " + instance_.bridge);
  EXPECT_THAT(link, HasSubstr("02:42:ac:11:00:01"));
  EXPECT_THAT(link, HasSubstr(",UP"));
  EXPECT_THAT(output_of("ip -4 addr show " + instance_.bridge), HasSubstr("inet 172.17.0.1/16 brd 172.17.255.255"));
  EXPECT_EQ(output_of("ip -6 addr show " + instance_.bridge), "");
  EXPECT_EQ(read_sysctl("net/ipv4/ip_forward"), "1");
  EXPECT_EQ(read_sysctl(fmt::format("net/ipv4/conf/{}/route_localnet", instance_.bridge)), "1");
  EXPECT_EQ(read_sysctl(fmt::format("net/ipv6/conf/{}/accept_ra", instance_.bridge)), "0");
  EXPECT_TRUE(table_is_ready());
}

TEST_F(HostState, IsMendedWhateverSomebodyTookAway) {
  start_network();
  const std::string whole = tables();
  const std::string table = "inet " + instance_.nft_table;
  const std::vector<std::string> damages = {
      "nft flush ruleset",
      "nft flush table " + table,
      "nft flush chain " + table + " raw_prerouting",
      "nft delete table bridge " + instance_.nft_table,
      "nft flush table bridge " + instance_.nft_table,
      "nft delete table " + table + "-user",
      "ip link del " + instance_.bridge,
      "ip link set " + instance_.bridge + " down",
      "ip addr flush dev " + instance_.bridge,
      "ip addr flush dev " + instance_.bridge + " && ip addr add 10.1.1.1/24 dev " + instance_.bridge,
      "sysctl -qw net.ipv4.ip_forward=0",
      fmt::format("sysctl -qw net.ipv4.conf.{}.route_localnet=0", instance_.bridge)};
  for (const std::string& command : damages) {
    output_of(command);
    ensure_host_state(*database_, instance_, {network_});
    EXPECT_EQ(tables(), whole) << command;
    EXPECT_TRUE(bridge_is_ready(network_)) << command;
    EXPECT_THAT(output_of("ip -4 addr show " + instance_.bridge), Not(HasSubstr("10.1.1.1"))) << command;
    EXPECT_EQ(read_sysctl("net/ipv4/ip_forward"), "1") << command;
  }
}

TEST_F(HostState, LeavesOtherTablesAlone) {
  output_of("nft 'add table ip other; add chain ip other c'");
  const std::string before = output_of("nft list table ip other");
  start_network();
  output_of("nft flush table inet " + instance_.nft_table);
  ensure_host_state(*database_, instance_, {network_});
  EXPECT_EQ(output_of("nft list table ip other"), before);
  remove_host_state(*database_, instance_, false);
  EXPECT_EQ(output_of("nft list ruleset"), before);
}

TEST_F(HostState, ATableThatWasFlushedGetsItsPortsBack) {
  start_network();
  std::vector<PublishedPort> ports = {{"tcp", "0.0.0.0", 8080, 80}, {"udp", "127.0.0.1", 53, 5353}};
  const std::vector<Fd> held = reserve_ports(*database_, "c1", {"172.17.0.2", ""}, ports);
  publish_ports(instance_, {"172.17.0.2", ""}, ports);
  const std::string ruleset = output_of("nft list ruleset");
  EXPECT_THAT(ruleset, HasSubstr("tcp . 8080 : 172.17.0.2 . 80"));
  EXPECT_THAT(ruleset, HasSubstr("127.0.0.1 . udp . 53 : 172.17.0.2 . 5353"));
  output_of("nft flush ruleset");
  ensure_host_state(*database_, instance_, {network_});
  EXPECT_EQ(output_of("nft list ruleset"), ruleset);
}

TEST_F(HostState, IsMadeOnceByManyAtATime) {
  network_ = default_network(*database_, instance_, "");
  std::vector<pid_t> children;
  for (int i = 0; i < 20; ++i) {
    const pid_t pid = fork();
    if (pid == 0) {
      try {
        storage::Database own = storage::Database::open(instance_.database());
        ensure_host_state(own, instance_, {network_});
      } catch (const Error& error) {
        fprintf(stderr, "%s\n", error.what());
        _exit(1);
      }
      _exit(0);
    }
    children.push_back(pid);
  }
  for (const pid_t pid : children) EXPECT_EQ(sys::waitpid(pid), 0);
  EXPECT_TRUE(table_is_ready());
  EXPECT_TRUE(bridge_is_ready(network_));
}

TEST_F(HostState, RefusesAnInterfaceOfTheSameNameThatIsNoBridge) {
  output_of("ip link add " + instance_.bridge + " type veth peer name other");
  const auto [kind, message] = error_of([&] { start_network(); });
  EXPECT_EQ(kind, ErrorKind::conflict);
  EXPECT_THAT(message, HasSubstr("is not a bridge but a veth"));
}

TEST_F(HostState, RemovalLeavesNothing) {
  output_of("sysctl -qw net.ipv4.ip_forward=0");  // a new namespace has what the host has
  start_network();
  reserve("c1");
  EXPECT_EQ(error_of([&] { remove_host_state(*database_, instance_, false); }).first, ErrorKind::conflict);
  EXPECT_TRUE(bridge_is_ready(network_));
  release_reservations(*database_, "c1");
  remove_host_state(*database_, instance_, false);
  EXPECT_EQ(output_of("nft list ruleset"), "");
  EXPECT_THAT(output_of("ip -o link"), Not(HasSubstr(instance_.bridge)));
  EXPECT_EQ(read_sysctl("net/ipv4/ip_forward"), "0");
  remove_host_state(*database_, instance_, false);
}

TEST_F(HostState, TheAdministratorsRulesOutliveEverythingButAReset) {
  start_network();
  const std::string table = "inet " + instance_.nft_table + "-user";
  output_of("nft add rule " + table + " minidock-user tcp dport 8080 drop");
  const std::string rules = output_of("nft list table " + table);
  output_of("nft delete table inet " + instance_.nft_table);
  ensure_host_state(*database_, instance_, {network_});
  reload_host_state(*database_, instance_);
  EXPECT_EQ(output_of("nft list table " + table), rules);
  remove_host_state(*database_, instance_, false);
  EXPECT_EQ(output_of("nft list ruleset"), rules);
  remove_host_state(*database_, instance_, true);
  EXPECT_EQ(output_of("nft list ruleset"), "");
}

TEST_F(HostState, WhatTheAdministratorAddsBesideTheChainIsKeptToo) {
  start_network();
  const std::string table = "inet " + instance_.nft_table + "-user";
  output_of("nft add set " + table + " friends '{ type ipv4_addr; }'");
  remove_host_state(*database_, instance_, false);
  EXPECT_THAT(output_of("nft list ruleset"), HasSubstr("set friends"));
}

TEST_F(HostState, SetsThatAreFullOfWhatEndedAreMadeAnew) {
  start_network();
  const std::string table = "bridge " + instance_.nft_table;
  std::string commands;
  for (int i = 0; i < 8192; ++i) commands += fmt::format("add element {} ports {{ md{} }}\n", table, i);
  file::replace(scratch_.path() + "/commands", commands, 0600);
  output_of("nft -f " + scratch_.path() + "/commands");
  const Endpoint endpoint = reserve("c1");
  guard_endpoint(*database_, instance_, network_, endpoint);
  const std::string rules = output_of("nft list table " + table);
  EXPECT_THAT(rules, HasSubstr(fmt::format("\"{}\" . {}", endpoint.host_interface, endpoint.address)));
  EXPECT_THAT(rules, Not(HasSubstr("\"md8191\"")));
}

TEST_F(HostState, AFirewallThatNobodyNeedsIsNotRestored) {
  start_network();
  output_of("nft flush ruleset");
  EXPECT_FALSE(firewall_is_missing(*database_, instance_));
  restore_firewall(*database_, instance_);
  EXPECT_EQ(output_of("nft list ruleset"), "");
  reserve("c1");
  EXPECT_TRUE(firewall_is_missing(*database_, instance_));
  restore_firewall(*database_, instance_);
  EXPECT_TRUE(table_is_ready());
  EXPECT_FALSE(firewall_is_missing(*database_, instance_));
}

TEST_F(HostState, RemovalKeepsASettingThatWasThereBefore) {
  output_of("sysctl -qw net.ipv4.ip_forward=1");
  start_network();
  remove_host_state(*database_, instance_, false);
  EXPECT_EQ(read_sysctl("net/ipv4/ip_forward"), "1");
}

}  // namespace
}  // namespace minidock::network
