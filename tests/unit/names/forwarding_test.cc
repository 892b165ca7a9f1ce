// Names that other servers are asked for.
#include <algorithm>
#include <set>

#include "names/server.h"
#include "tests/unit/names/server_host.h"

namespace minidock::names {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::chrono::milliseconds kSoon{20};

Bytes one_address(const Bytes& asked) { return wire::reply_to(asked, {"1.2.3.4"}); }
Bytes failure(const Bytes& asked) { return wire::reply_to(asked, {}, 2); }

class Forwarding : public ServerTest {
 protected:
  // Asked for a name that the directory does not know.
  void ask_abroad(std::uint16_t id = 500, const std::string& name = "Example.com") {
    ask(wire::query(id, name, wire::kA));
  }
};

TEST_F(Forwarding, PassesAnswersOn) {
  have_servers({"127.0.0.2"});
  start();
  const Bytes query = wire::with_opt(wire::query(500, "Example.com", wire::kA), wire::opt(1400, 0, 0x8000));
  ask(query);
  const Datagram asked = arrived(servers_[0]);
  // The same message, but for the id.
  EXPECT_EQ(Bytes(asked.message.begin() + 2, asked.message.end()), Bytes(query.begin() + 2, query.end()));
  reply(servers_[0], asked, one_address(asked.message));
  const wire::Message message = receive();
  EXPECT_EQ(message.id, 500);
  EXPECT_EQ(message.asked, "Example.com");
  EXPECT_THAT(message.data(), ElementsAre("1.2.3.4"));
  EXPECT_EQ(message.answers.at(0).ttl, 60U);
  EXPECT_EQ(server_->deadline(), Server::Clock::time_point::max());
  EXPECT_THAT(asked_inside_, ElementsAre(false));
}

TEST_F(Forwarding, PassesUnknownAddressesOnToo) {
  have_servers({"127.0.0.2"});
  start();
  ask(wire::query(1, "8.8.8.8.in-addr.arpa", wire::kPtr));
  EXPECT_EQ(wire::read(arrived(servers_[0]).message).asked, "8.8.8.8.in-addr.arpa");
}

TEST_F(Forwarding, AnswersThatThereIsNoSuchNameAreFinal) {
  have_servers({"127.0.0.2", "127.0.0.3"});
  start();
  ask_abroad();
  reply_once(servers_[0], [](const Bytes& asked) { return wire::reply_to(asked, {}, 3); });
  EXPECT_EQ(receive().code(), 3);
  EXPECT_EQ(receive_datagram(servers_[1].udp.get()).has_value(), false);
}

TEST_F(Forwarding, ASocketAndAnIdForEachQuery) {
  have_servers({"127.0.0.2"});
  start();
  std::set<std::uint16_t> ids;
  std::set<std::uint16_t> ports;
  for (std::uint16_t i = 0; i < 20; ++i) {
    ask_abroad(500, fmt::format("n{}.example", i));
    const Datagram asked = arrived(servers_[0]);
    ids.insert(message_id(asked.message));
    ports.insert(reinterpret_cast<const sockaddr_in*>(asked.from.data())->sin_port);
  }
  EXPECT_GT(ids.size(), 15U);  // of 65,536
  EXPECT_EQ(ports.size(), 20U);
}

TEST_F(Forwarding, RestoresTheLettersOfTheQuestion) {
  have_servers({"127.0.0.2"});
  start();
  ask_abroad(500, "eXample.COM");
  reply_once(servers_[0], [](const Bytes& asked) {
    Bytes lower = one_address(asked);
    for (std::size_t at = 13; at < 24; ++at) lower[at] |= 0x20U;
    lower[20] = 3;  // the length of "com"
    return lower;
  });
  EXPECT_EQ(receive().asked, "eXample.COM");
}

TEST_F(Forwarding, ForgedAnswersAreNotBelieved) {
  have_servers({"127.0.0.2"});
  start();
  ask_abroad();
  const Datagram asked = arrived(servers_[0]);
  const Bytes forged = wire::reply_to(asked.message, {"6.6.6.6"});

  Bytes wrong_id = forged;
  wrong_id[0] ^= 0x01U;
  reply(servers_[0], asked, wrong_id);
  Bytes wrong_name = forged;
  wrong_name[13] = 'F';
  reply(servers_[0], asked, wrong_name);
  Bytes wrong_type = forged;
  wrong_type[26] = wire::kAaaa;
  reply(servers_[0], asked, wrong_type);
  Bytes no_answer = forged;
  no_answer[2] &= 0x7fU;
  reply(servers_[0], asked, no_answer);
  reply(servers_[0], asked, {});
  // All is right but whom it comes from: another port, another address.
  const Fd other_port = *bound(address("127.0.0.2", 0), SOCK_DGRAM);
  send_datagram(other_port.get(), forged, asked.from);
  const Fd other_address = *bound(address("127.0.0.9", 0), SOCK_DGRAM);
  send_datagram(other_address.get(), forged, asked.from);

  serve();
  reply(servers_[0], asked, one_address(asked.message));
  EXPECT_THAT(receive().data(), ElementsAre("1.2.3.4"));
  EXPECT_FALSE(receive_datagram(client_.get()));
}

TEST_F(Forwarding, AsksTheNextWhenTimeIsUp) {
  options_.one_of_servers = kSoon;
  have_servers({"127.0.0.2", "127.0.0.3"});
  start();
  ask_abroad();
  const Datagram first = arrived(servers_[0]);
  EXPECT_FALSE(receive_datagram(servers_[1].udp.get()));
  pass_deadline();
  const Datagram second = arrived(servers_[1]);
  EXPECT_EQ(wire::read(second.message).asked, "Example.com");
  // The first has had its time; its socket is closed.
  reply(servers_[0], first, wire::reply_to(first.message, {"6.6.6.6"}));
  serve();
  reply(servers_[1], second, one_address(second.message));
  EXPECT_THAT(receive().data(), ElementsAre("1.2.3.4"));
  EXPECT_EQ(server_->deadline(), Server::Clock::time_point::max());
}

TEST_F(Forwarding, GivesUpWhenAllAreSilent) {
  options_.one_of_servers = kSoon;
  have_servers({"127.0.0.2", "127.0.0.3"});
  start();
  ask_abroad();
  arrived(servers_[0]);
  pass_deadline();
  arrived(servers_[1]);
  pass_deadline();
  const wire::Message message = receive();
  EXPECT_EQ(message.code(), 2);
  EXPECT_EQ(message.id, 500);
  EXPECT_EQ(message.asked, "Example.com");
  EXPECT_EQ(server_->deadline(), Server::Clock::time_point::max());
}

TEST_F(Forwarding, TimeIsNotUpEarly) {
  have_servers({"127.0.0.2", "127.0.0.3"});
  start();
  ask_abroad();
  const Datagram asked = arrived(servers_[0]);
  server_->on_time();
  serve();
  EXPECT_FALSE(receive_datagram(servers_[1].udp.get()));
  reply(servers_[0], asked, one_address(asked.message));
  EXPECT_THAT(receive().data(), ElementsAre("1.2.3.4"));
}

TEST_F(Forwarding, AnOnlyServerHasMoreTime) {
  options_.one_of_servers = std::chrono::minutes(1);
  have_servers({"127.0.0.2"});
  start();
  ask_abroad();
  arrived(servers_[0]);
  EXPECT_GT(server_->deadline(), Server::Clock::now() + std::chrono::minutes(2));
}

TEST_F(Forwarding, AsksTheNextWhenOneCannot) {
  have_servers({"127.0.0.2", "127.0.0.3"});
  start();
  for (const std::uint16_t code : {2, 4, 5}) {
    ask_abroad();
    reply_once(servers_[0], [&](const Bytes& asked) { return wire::reply_to(asked, {}, code); });
    reply_once(servers_[1], one_address);
    EXPECT_THAT(receive().data(), ElementsAre("1.2.3.4")) << code;
  }
}

TEST_F(Forwarding, PassesTheLastRefusalOn) {
  options_.one_of_servers = kSoon;
  have_servers({"127.0.0.2", "127.0.0.3", "127.0.0.4"});
  start();
  ask_abroad();
  reply_once(servers_[0], failure);
  reply_once(servers_[1],
             [](const Bytes& asked) { return wire::with_opt(wire::reply_to(asked, {}, 5), wire::opt(999)); });
  arrived(servers_[2]);
  pass_deadline();
  const wire::Message message = receive();
  EXPECT_EQ(message.code(), 5);
  EXPECT_EQ(message.id, 500);
  EXPECT_EQ(message.additional.at(0).dns_class, 999);
}

TEST_F(Forwarding, KeepsOfALargeRefusalTheCode) {
  have_servers({"127.0.0.2"});
  start();
  ask_abroad();
  reply_once(servers_[0],
             [](const Bytes& asked) { return wire::reply_to(asked, std::vector<std::string>(100, "1.2.3.4"), 5); });
  const wire::Message message = receive();
  EXPECT_EQ(message.code(), 5);
  EXPECT_THAT(message.answers, IsEmpty());
}

TEST_F(Forwarding, AsksThreeAtMost) {
  have_servers({"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"});
  start();
  ask_abroad();
  for (int i = 0; i < 3; ++i) reply_once(servers_[static_cast<std::size_t>(i)], failure);
  EXPECT_EQ(receive().code(), 2);
  EXPECT_FALSE(receive_datagram(servers_[3].udp.get()));
}

TEST_F(Forwarding, AsksTheNextAtOnceWhenNobodyIsThere) {
  have_servers({"127.0.0.2", "127.0.0.3"});
  start();
  servers_[0].udp.reset();  // the kernel answers with an ICMP message
  ask_abroad();
  reply_once(servers_[1], one_address);
  EXPECT_THAT(receive().data(), ElementsAre("1.2.3.4"));
}

TEST_F(Forwarding, AsksTheNextAtOnceWhenThereIsNoSocket) {
  have_servers({"127.0.0.2", "127.0.0.3"});
  int made = 0;
  socket_maker_ = [&](int family, int type) {
    if (++made == 1) throw SysError(EMFILE, "socket");
    return made == 2 ? Fd() : make_socket(family, type);
  };
  start();
  ask_abroad();
  EXPECT_EQ(receive().code(), 2);
  ask_abroad();
  reply_once(servers_[0], one_address);
  EXPECT_THAT(receive().data(), ElementsAre("1.2.3.4"));
}

TEST_F(Forwarding, AsksTheNextAtOnceWhenThereIsNoWay) {
  have_servers({"127.0.0.2"});
  // A broadcast address, which connect(2) refuses.
  write_view("server 255.255.255.255 outside\nserver 127.0.0.2 inside\n");
  start();
  ask_abroad();
  reply_once(servers_[0], one_address);
  EXPECT_THAT(receive().data(), ElementsAre("1.2.3.4"));
  EXPECT_THAT(asked_inside_, ElementsAre(false, true));
}

TEST_F(Forwarding, OverIpv6) {
  try {
    have_servers({"::1"});
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();
  }
  write_view("server fe80::1%nowhere outside\nserver ::1%lo outside\n");
  start();
  ask_abroad();
  reply_once(servers_[0], one_address);
  EXPECT_THAT(receive().data(), ElementsAre("1.2.3.4"));
}

TEST_F(Forwarding, AQueryThatIsSentAgainIsForwardedOnce) {
  have_servers({"127.0.0.2"});
  start();
  for (int i = 0; i < 5; ++i) ask_abroad();
  ask_abroad(501);
  ask_abroad(500, "example.org");
  const Datagram first = arrived(servers_[0]);
  const Datagram second = arrived(servers_[0]);
  const Datagram third = arrived(servers_[0]);
  serve();
  EXPECT_FALSE(receive_datagram(servers_[0].udp.get()));
  EXPECT_EQ(wire::read(third.message).asked, "example.org");
  for (const Datagram& asked : {first, second, third}) reply(servers_[0], asked, one_address(asked.message));
  for (const int id : {500, 501, 500}) EXPECT_EQ(receive().id, id);
  // Once answered, it is a new query.
  ask_abroad();
  arrived(servers_[0]);
}

TEST_F(Forwarding, AnotherClientWithTheSameIdIsAnother) {
  have_servers({"127.0.0.2"});
  start();
  const Fd other = make_socket(AF_INET, SOCK_DGRAM);
  send_datagram(other.get(), wire::query(500, "Example.com", wire::kA), address_);
  ask_abroad();
  arrived(servers_[0]);
  arrived(servers_[0]);
}

TEST_F(Forwarding, AnswersAreCutToWhatTheClientTakes) {
  have_servers({"127.0.0.2"});
  start();
  const auto many = [](const Bytes& asked) { return wire::reply_to(asked, std::vector<std::string>(100, "1.2.3.4")); };
  ask_abroad();
  reply_once(servers_[0], many);
  const wire::Message cut = receive();
  EXPECT_TRUE(cut.has(wire::kTruncated));
  EXPECT_THAT(cut.answers, IsEmpty());
  EXPECT_EQ(cut.id, 500);
  EXPECT_EQ(cut.asked, "Example.com");
  ask(wire::with_opt(wire::query(501, "Example.com", wire::kA), wire::opt(4096)));
  reply_once(servers_[0], many);
  const wire::Message whole = receive();
  EXPECT_FALSE(whole.has(wire::kTruncated));
  EXPECT_EQ(whole.answers.size(), 100U);
}

TEST_F(Forwarding, ABurstOfAThousand) {
  options_.only_server = kSoon;
  have_servers({"127.0.0.2"});
  start();
  answer_to("web", wire::kA);  // the view is open from here on
  const std::size_t before = open_descriptors();
  std::size_t refused = 0;
  const auto take_answers = [&] {
    while (const std::optional<Datagram> datagram = receive_datagram(client_.get())) {
      EXPECT_EQ(wire::read(datagram->message).code(), 2);
      ++refused;
    }
  };
  std::size_t forwarded = 0;
  for (std::uint16_t id = 0; id < 1000; ++id) {
    ask_abroad(id);
    if (id % 50 != 49) continue;
    serve();
    take_answers();
    while (receive_datagram(servers_[0].udp.get())) ++forwarded;
  }
  EXPECT_EQ(forwarded, kMostForwarded);
  EXPECT_EQ(refused, 1000 - kMostForwarded);
  EXPECT_EQ(open_descriptors(), before + kMostForwarded);
  // Names of the directory are answered all the same.
  EXPECT_THAT(answer_to("web", wire::kA).data(), ElementsAre("10.0.0.2"));
  while (server_->deadline() != Server::Clock::time_point::max()) pass_deadline();
  serve();
  take_answers();
  EXPECT_EQ(refused, 1000U);
  EXPECT_EQ(open_descriptors(), before);
  ask_abroad();
  reply_once(servers_[0], one_address);
  EXPECT_THAT(receive().data(), ElementsAre("1.2.3.4"));
}

TEST_F(Forwarding, WhereANetworkBecomesInternalNobodyIsAskedAnyMore) {
  have_servers({"127.0.0.2"});
  start();
  ask_abroad();
  reply_once(servers_[0], one_address);
  EXPECT_EQ(receive().code(), 0);
  write_view("server 127.0.0.2 outside\n", "internal");
  ask_abroad();
  EXPECT_EQ(receive().code(), 3);
}

}  // namespace
}  // namespace minidock::names
