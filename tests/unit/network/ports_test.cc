#include <gmock/gmock.h>

#include <set>

#include "tests/unit/network/test_host.h"

namespace minidock::network {
namespace {

class Ports : public HostTest {
 protected:
  std::vector<Fd> reserve(const std::string& id, std::vector<PublishedPort> ports) {
    return reserve_ports(*database_, id, {"172.17.0.2", ""}, ports);
  }
};

TEST_F(Ports, OfAnotherContainerAreAConflictInDockersWords) {
  const std::vector<Fd> held = reserve("c1", {{"tcp", "0.0.0.0", 8080, 80}});
  for (const char* address : {"0.0.0.0", "127.0.0.1"}) {
    const auto [kind, message] = error_of([&] { reserve("c2", {{"tcp", address, 8080, 80}}); });
    EXPECT_EQ(kind, ErrorKind::conflict);
    EXPECT_EQ(message, fmt::format("Bind for {}:8080 failed: port is already allocated", address));
  }
  EXPECT_EQ(reserve("c2", {{"udp", "0.0.0.0", 8080, 80}}).size(), 1U);
}

TEST_F(Ports, OfAProcessAreAConflictInDockersWords) {
  const Fd process = serve_tcp(host_.get(), "0.0.0.0", 8080);
  const auto [kind, message] = error_of([&] { reserve("c1", {{"tcp", "127.0.0.1", 8080, 80}}); });
  EXPECT_EQ(kind, ErrorKind::conflict);
  EXPECT_EQ(message, "Bind for 127.0.0.1:8080 failed: address already in use");
}

TEST_F(Ports, AreKeptFromProcessesWhileTheSocketIsOpen) {
  for (const char* protocol : {"tcp", "udp"}) {
    std::vector<Fd> held = reserve(protocol, {{protocol, "0.0.0.0", 8080, 80}});
    const int type = std::string(protocol) == "tcp" ? SOCK_STREAM : SOCK_DGRAM;
    const sockaddr_in address = socket_address("0.0.0.0", 8080);
    const int on = 1;
    const Fd rival(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    setsockopt(rival.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    EXPECT_NE(::bind(rival.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0) << protocol;
    held.clear();
    EXPECT_EQ(::bind(rival.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0) << protocol;
  }
}

TEST_F(Ports, AreChosenFromTheEphemeralRangeAndNeverTwice) {
  output_of("sysctl -qw net.ipv4.ip_local_port_range='40000 40003'");
  std::vector<PublishedPort> ports(3, PublishedPort{"tcp", "0.0.0.0", 0, 80});
  std::vector<Fd> held = reserve_ports(*database_, "c1", {"172.17.0.2", ""}, ports);
  std::set<std::uint16_t> chosen;
  for (const PublishedPort& port : ports) chosen.insert(port.host_port);
  EXPECT_EQ(chosen.size(), 3U);
  EXPECT_GE(*chosen.begin(), 40000);
  EXPECT_LE(*chosen.rbegin(), 40003);
  // The sockets are gone (a container that is being made again), the rows are not: one port is left.
  held.clear();
  std::vector<PublishedPort> last(1, PublishedPort{"tcp", "0.0.0.0", 0, 80});
  const std::vector<Fd> last_held = reserve_ports(*database_, "c2", {"172.17.0.3", ""}, last);
  EXPECT_FALSE(chosen.contains(last[0].host_port));
}

TEST_F(Ports, AreTheFirstFreeOnesOfAChoice) {
  const std::vector<Fd> other = reserve("c1", {{"tcp", "0.0.0.0", 8000, 80}});
  const Fd process = serve_tcp(host_.get(), "0.0.0.0", 8001);
  std::vector<PublishedPort> ports(2, PublishedPort{"tcp", "0.0.0.0", 8000, 80, 8003});
  const std::vector<Fd> held = reserve_ports(*database_, "c2", {"172.17.0.3", ""}, ports);
  EXPECT_EQ(ports[0].host_port, 8002);
  EXPECT_EQ(ports[1].host_port, 8003);
  EXPECT_EQ(ports[1].host_port_last, 0);
  const auto [kind, message] = error_of([&] { reserve("c3", {{"tcp", "0.0.0.0", 8000, 80, 8003}}); });
  EXPECT_EQ(kind, ErrorKind::conflict);
  EXPECT_EQ(message, "Bind for 0.0.0.0:8000-8003 failed: all ports are allocated");
}

TEST_F(Ports, OnAnAddressThatTheHostDoesNotHaveAreRefused) {
  const auto [kind, message] = error_of([&] { reserve("c1", {{"tcp", "203.0.113.9", 8080, 80}}); });
  EXPECT_EQ(kind, ErrorKind::conflict);
  EXPECT_EQ(message, "Bind for 203.0.113.9:8080 failed: cannot assign requested address: the host does not have it");
}

TEST_F(Ports, RefuseWhatIsNoAddressOrProtocol) {
  EXPECT_EQ(error_of([&] { reserve("c1", {{"tcp", "localhost", 80, 80}}); }).first, ErrorKind::invalid_argument);
  EXPECT_EQ(error_of([&] { reserve("c1", {{"tcp", "::", 80, 80}}); }).first, ErrorKind::unsupported);
  EXPECT_EQ(error_of([&] { reserve("c1", {{"icmp", "0.0.0.0", 80, 80}}); }).first, ErrorKind::invalid_argument);
}

TEST_F(Ports, AreOfEachFamilyThatTheContainerHas) {
  const auto reserve_both = [&](const std::string& id, std::vector<PublishedPort> ports) {
    std::vector<Fd> held = reserve_ports(*database_, id, {"172.17.0.2", "fd00::2"}, ports);
    EXPECT_EQ(held.size(), ports.size());
    std::string text;
    for (const PublishedPort& port : ports) text += port.host_ip + " " + std::to_string(port.host_port) + "\n";
    return std::pair(text, std::move(held));
  };
  const auto [both, held] = reserve_both("c1", {{"tcp", "", 8080, 80}, {"tcp", "0.0.0.0", 8081, 81}});
  EXPECT_EQ(both, "0.0.0.0 8080\n:: 8080\n0.0.0.0 8081\n");
  const auto taken = [&](const char* address, std::uint16_t port) {
    return error_of([&] { reserve_both("c2", {{"tcp", address, port, 80}}); }).first == ErrorKind::conflict;
  };
  EXPECT_TRUE(taken("::1", 8080));
  EXPECT_TRUE(taken("127.0.0.1", 8080));
  EXPECT_TRUE(taken("", 8081));
  EXPECT_FALSE(taken("::1", 8081));
  EXPECT_TRUE(taken("::", 8081)) << "of c2's on ::1";
  const auto [ephemeral, more] = reserve_both("c3", {{"tcp", "", 0, 80}});
  const std::string number = ephemeral.substr(8, ephemeral.find('\n') - 8);
  EXPECT_EQ(ephemeral, "0.0.0.0 " + number + "\n:: " + number + "\n");
}

TEST_F(Ports, AreFreeAfterTheirRelease) {
  reserve("c1", {{"tcp", "0.0.0.0", 8080, 80}});
  release_reservations(*database_, "c1");
  release_reservations(*database_, "c1");
  EXPECT_EQ(reserve("c2", {{"tcp", "0.0.0.0", 8080, 80}}).size(), 1U);
}

// A client must not be connected to the reservation when the firewall does not redirect him.
TEST_F(Ports, TheReservationNeverAnswers) {
  const std::vector<Fd> held = reserve("c1", {{"tcp", "127.0.0.1", 8080, 80}, {"udp", "127.0.0.1", 8080, 80}});
  const Fd client = start_connection(host_.get(), "127.0.0.1", 8080);
  pollfd writable{client.get(), POLLOUT, 0};
  EXPECT_EQ(::poll(&writable, 1, 0), 0);
  const Fd sender(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = socket_address("127.0.0.1", 8080);
  EXPECT_EQ(::sendto(sender.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 1);
  pollfd readable{held[1].get(), POLLIN, 0};
  EXPECT_EQ(::poll(&readable, 1, 0), 0);
}

}  // namespace
}  // namespace minidock::network
