#include <gmock/gmock.h>

#include "tests/unit/network/test_host.h"

namespace minidock::network {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class Publish : public HostTest {
 protected:
  void SetUp() override {
    HostTest::SetUp();
    start_network();
    web_ = start_container("web");
    client_ = start_container("client");
    remote_ = connect_remote();
    server_ = serve_tcp(web_.netns.get(), "0.0.0.0", 80);
  }

  // What an attacker does: packets to 127.0.0.1 leave his machine, and answers from there are taken.
  static void send_localhost_away(const Fd& netns, const std::string& gateway) {
    output_in(netns.get(), "sysctl -qw net.ipv4.conf.all.route_localnet=1 && ip route add 127.0.0.1/32 via " + gateway);
  }

  Container web_;
  Container client_;
  Fd remote_;
  Fd server_;
};

TEST_F(Publish, IsReachedFromEverywhere) {
  std::vector<PublishedPort> ports = {{"tcp", "0.0.0.0", 8080, 80}};
  const std::vector<Fd> held = publish(web_, ports);
  EXPECT_EQ(connect_to(host_.get(), "198.51.100.1", 8080, server_), "198.51.100.1");
  EXPECT_EQ(connect_to(host_.get(), "127.0.0.1", 8080, server_), "172.17.0.1");
  EXPECT_EQ(connect_to(host_.get(), "127.0.0.9", 8080, server_), "172.17.0.1");
  EXPECT_EQ(connect_to(host_.get(), "172.17.0.1", 8080, server_), "172.17.0.1");
  EXPECT_EQ(connect_to(remote_.get(), "198.51.100.1", 8080, server_), "198.51.100.2");
  EXPECT_EQ(connect_to(client_.netns.get(), "172.17.0.1", 8080, server_), "172.17.0.1");
  EXPECT_EQ(connect_to(client_.netns.get(), "198.51.100.1", 8080, server_), "172.17.0.1");
  EXPECT_EQ(connect_to(web_.netns.get(), "198.51.100.1", 8080, server_), "172.17.0.1");
}

TEST_F(Publish, UdpIsReachedToo) {
  std::vector<PublishedPort> ports = {{"udp", "0.0.0.0", 8053, 53}};
  const std::vector<Fd> held = publish(web_, ports);
  Fd receiver;
  {
    const NetnsVisit visit(web_.netns.get());
    receiver = Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = socket_address("0.0.0.0", 53);
    ASSERT_EQ(::bind(receiver.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  const Fd sender(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = socket_address("127.0.0.1", 8053);
  ASSERT_EQ(::sendto(sender.get(), "hi", 2, 0, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 2);
  pollfd readable{receiver.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&readable, 1, 5000), 1);
}

// CRC-32C, as SCTP has it (RFC 9260, appendix A).
std::uint32_t crc32c(const std::string& bytes) {
  std::uint32_t crc = ~0U;
  for (const char byte : bytes) {
    crc ^= static_cast<std::uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82f63b78U : 0U);
  }
  return ~crc;
}

// The first packet of an association.
std::string sctp_init(std::uint16_t port) {
  const auto number = [](std::uint32_t value, int bytes) {
    std::string text;
    for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
    return text;
  };
  const std::string ports_and_tag = number(40000, 2) + number(port, 2) + number(0, 4);
  const std::string chunk =
      number(0x01000014, 4) + number(7, 4) + number(65536, 4) + number(0x00010001, 4) + number(1, 4);
  const std::uint32_t checksum = crc32c(ports_and_tag + number(0, 4) + chunk);
  return ports_and_tag + std::string(reinterpret_cast<const char*>(&checksum), 4) + chunk;
}

// Also where the kernel has no such sockets, as here.
TEST_F(Publish, SctpIsReachedToo) {
  std::vector<PublishedPort> ports = {{"sctp", "0.0.0.0", 8080, 80}, {"sctp", "0.0.0.0", 0, 81}};
  const std::vector<Fd> held = publish(web_, ports);
  EXPECT_GT(ports[1].host_port, 1023);
  const auto raw_socket = [](const Fd& netns) {
    const NetnsVisit visit(netns.get());
    return Fd(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_SCTP));
  };
  const Fd receiver = raw_socket(web_.netns);
  const Fd sender = raw_socket(remote_);
  const std::string packet = sctp_init(8080);
  const sockaddr_in address = socket_address("198.51.100.1", 0);
  ASSERT_EQ(::sendto(sender.get(), packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&address),
                     sizeof(address)),
            static_cast<ssize_t>(packet.size()));
  pollfd readable{receiver.get(), POLLIN, 0};
  ASSERT_EQ(::poll(&readable, 1, 5000), 1);
  char got[256];
  const ssize_t size = ::recv(receiver.get(), got, sizeof got, 0);
  constexpr ssize_t kIpHeader = 20;
  ASSERT_EQ(size, kIpHeader + static_cast<ssize_t>(packet.size()));
  EXPECT_EQ(static_cast<std::uint8_t>(got[kIpHeader + 3]), 80);
}

// Each test of what must not work first makes an allowed connection (so that neighbours are known), then tries, then
// makes another allowed one: packets keep their order, so that what is not there then was dropped.
TEST_F(Publish, OnLocalhostIsClosedToTheOutside) {
  std::vector<PublishedPort> ports = {{"tcp", "127.0.0.1", 8080, 80}, {"tcp", "0.0.0.0", 8081, 80}};
  const std::vector<Fd> held = publish(web_, ports);
  EXPECT_EQ(connect_to(host_.get(), "127.0.0.1", 8080, server_), "172.17.0.1");
  send_localhost_away(remote_, "198.51.100.1");
  EXPECT_EQ(connect_to(remote_.get(), "198.51.100.1", 8081, server_), "198.51.100.2");
  const Fd by_localhost = start_connection(remote_.get(), "127.0.0.1", 8080);
  const Fd by_address = start_connection(remote_.get(), "198.51.100.1", 8080);
  const Fd allowed = start_connection(remote_.get(), "198.51.100.1", 8081);
  pollfd wait{allowed.get(), POLLOUT, 0};
  ::poll(&wait, 1, 5000);
  EXPECT_THAT(clients_of(server_), ElementsAre("198.51.100.2"));
}

TEST_F(Publish, OnOneAddressIsReachedOnlyThere) {
  output_of("ip addr add 198.51.100.7/24 dev card");
  std::vector<PublishedPort> ports = {{"tcp", "198.51.100.7", 8080, 80}};
  const std::vector<Fd> held = publish(web_, ports);
  EXPECT_EQ(connect_to(remote_.get(), "198.51.100.7", 8080, server_), "198.51.100.2");
  EXPECT_EQ(connect_to(host_.get(), "198.51.100.7", 8080, server_), "198.51.100.1");
  EXPECT_EQ(connect_to(remote_.get(), "198.51.100.1", 8080, server_), "");
  EXPECT_EQ(connect_to(host_.get(), "127.0.0.1", 8080, server_), "");
}

TEST_F(Publish, ContainersAreNotReachedByARouteToTheirAddress) {
  std::vector<PublishedPort> ports = {{"tcp", "0.0.0.0", 8080, 80}};
  const std::vector<Fd> held = publish(web_, ports);
  output_in(remote_.get(), "ip route add 172.17.0.0/16 via 198.51.100.1");
  EXPECT_EQ(connect_to(remote_.get(), "198.51.100.1", 8080, server_), "198.51.100.2");
  const Fd direct = start_connection(remote_.get(), web_.endpoint.address, 80);
  const Fd allowed = start_connection(remote_.get(), "198.51.100.1", 8080);
  pollfd wait{allowed.get(), POLLOUT, 0};
  ::poll(&wait, 1, 5000);
  EXPECT_THAT(clients_of(server_).size(), 1U);
}

// route_localnet on the bridge would open the host's 127.0.0.1 to containers.
TEST_F(Publish, ContainersDoNotReachTheHostsLocalhost) {
  const Fd local = serve_tcp(host_.get(), "127.0.0.1", 9000);
  const Fd open = serve_tcp(host_.get(), "172.17.0.1", 9001);
  const int inside = client_.netns.get();
  output_in(inside, "ip addr del 127.0.0.1/8 dev lo");
  send_localhost_away(client_.netns, "172.17.0.1");
  EXPECT_EQ(connect_to(inside, "172.17.0.1", 9001, open), "172.17.0.3");
  const Fd attempt = start_connection(inside, "127.0.0.1", 9000);
  EXPECT_EQ(connect_to(inside, "172.17.0.1", 9001, open), "172.17.0.3");
  EXPECT_THAT(clients_of(local), ElementsAre());
}

TEST_F(Publish, IsIdempotentForTheSameTargetAndAConflictForAnother) {
  std::vector<PublishedPort> ports = {{"tcp", "0.0.0.0", 8080, 80}};
  publish_ports(instance_, {web_.endpoint.address, ""}, ports);
  publish_ports(instance_, {web_.endpoint.address, ""}, ports);
  const std::string ruleset = output_of("nft list ruleset");
  const auto [kind, message] = error_of([&] {
    publish_ports(instance_, {client_.endpoint.address, ""},
                  {{"tcp", "0.0.0.0", 8082, 80}, {"tcp", "0.0.0.0", 8080, 80}});
  });
  EXPECT_EQ(kind, ErrorKind::conflict);
  EXPECT_THAT(message, HasSubstr("port is already allocated"));
  EXPECT_EQ(output_of("nft list ruleset"), ruleset);
}

TEST_F(Publish, EndsWithUnpublish) {
  const std::string before = output_of("nft list ruleset");
  std::vector<PublishedPort> ports = {{"tcp", "0.0.0.0", 8080, 80}, {"tcp", "127.0.0.1", 8081, 80}};
  const std::vector<Fd> held = publish(web_, ports);
  unpublish_ports(instance_, {ports[0]});
  unpublish_ports(instance_, ports);
  unpublish_ports(instance_, ports);
  EXPECT_EQ(output_of("nft list ruleset"), before);
  output_of("nft flush ruleset");
  unpublish_ports(instance_, ports);
  EXPECT_EQ(error_of([&] {
              publish_ports(instance_, {web_.endpoint.address, ""}, ports);
            }).first,
            ErrorKind::unavailable);
}

TEST_F(Publish, TakesThousandsAtOnce) {
  std::vector<PublishedPort> ports;
  for (std::uint16_t port = 10000; port < 20000; ++port) ports.push_back({"tcp", "0.0.0.0", port, port});
  ports[9999].container_port = 80;
  publish_ports(instance_, {web_.endpoint.address, ""}, ports);
  EXPECT_EQ(connect_to(remote_.get(), "198.51.100.1", 19999, server_), "198.51.100.2");
  unpublish_ports(instance_, ports);
  EXPECT_THAT(output_of("nft list ruleset"), Not(HasSubstr("tcp . 1")));
}

}  // namespace
}  // namespace minidock::network
