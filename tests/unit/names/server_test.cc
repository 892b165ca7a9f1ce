// What the server answers by itself, over UDP.
#include "names/server.h"

#include <algorithm>
#include <set>

#include "tests/unit/names/server_host.h"

namespace minidock::names {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class OwnAnswers : public ServerTest {};

TEST_F(OwnAnswers, AddressesAndNames) {
  start();
  EXPECT_THAT(answer_to("web", wire::kA).data(), ElementsAre("10.0.0.2"));
  EXPECT_THAT(answer_to("web.front", wire::kA).data(), ElementsAre("10.0.0.2"));
  EXPECT_THAT(answer_to("web", wire::kAaaa).data(), ElementsAre("fd00::2"));
  EXPECT_THAT(answer_to("2.0.0.10.in-addr.arpa", wire::kPtr).data(), ElementsAre("web.front"));
  EXPECT_THAT(answer_to("2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", wire::kPtr).data(),
              ElementsAre("web.front"));
  const wire::Message message = answer_to("web", wire::kA);
  EXPECT_EQ(message.id, 77);
  EXPECT_EQ(message.flags, 0x8580);
  EXPECT_EQ(message.answers.at(0).owner, "web");
  EXPECT_EQ(message.answers.at(0).ttl, 0U);
}

TEST_F(OwnAnswers, NoRecordsOfOtherTypes) {
  start();
  for (const auto& [name, type] : {std::pair{"web", wire::kMx},
                                   {"web", wire::kPtr},
                                   {"db", wire::kAaaa},
                                   {"2.0.0.10.in-addr.arpa", wire::kA},
                                   {"localhost", wire::kMx}}) {
    const wire::Message message = answer_to(name, type);
    EXPECT_EQ(message.code(), 0) << name;
    EXPECT_THAT(message.answers, IsEmpty()) << name;
    EXPECT_TRUE(message.has(wire::kAuthoritative)) << name;
  }
}

TEST_F(OwnAnswers, AnyIsAllAddresses) {
  start();
  EXPECT_THAT(answer_to("web", wire::kAny).data(), ElementsAre("10.0.0.2", "fd00::2"));
  EXPECT_THAT(answer_to("2.0.0.10.in-addr.arpa", wire::kAny).data(), ElementsAre("web.front"));
}

TEST_F(OwnAnswers, Localhost) {
  start();
  for (const char* name : {"localhost", "LocalHost", "a.b.localhost"}) {
    EXPECT_THAT(answer_to(name, wire::kA).data(), ElementsAre("127.0.0.1")) << name;
    EXPECT_THAT(answer_to(name, wire::kAaaa).data(), ElementsAre("::1")) << name;
  }
  EXPECT_EQ(answer_to("xlocalhost", wire::kA).code(), 2);
}

TEST_F(OwnAnswers, NamesAreComparedWithoutCaseAndRepeatedAsAsked) {
  start();
  const wire::Message message = answer_to("wEb.FroNT", wire::kA);
  EXPECT_THAT(message.data(), ElementsAre("10.0.0.2"));
  EXPECT_EQ(message.asked, "wEb.FroNT");
  EXPECT_EQ(message.answers.at(0).owner, "wEb.FroNT");
}

TEST_F(OwnAnswers, ComeInRotatingOrder) {
  start();
  EXPECT_THAT(answer_to("pool", wire::kA).data(), ElementsAre("10.0.0.3", "10.0.0.4", "10.0.0.5"));
  EXPECT_THAT(answer_to("pool", wire::kA).data(), ElementsAre("10.0.0.4", "10.0.0.5", "10.0.0.3"));
  EXPECT_THAT(answer_to("pool", wire::kA).data(), ElementsAre("10.0.0.5", "10.0.0.3", "10.0.0.4"));
  EXPECT_THAT(answer_to("pool", wire::kA).data(), ElementsAre("10.0.0.3", "10.0.0.4", "10.0.0.5"));
}

TEST_F(OwnAnswers, RotateAlsoForWhoAsksForBothFamiliesInTurn) {
  write_network("10.0.0.3 - c2 db pool\n10.0.0.4 - c3 other pool\n");
  start();
  std::set<std::string> first;
  for (int i = 0; i < 2; ++i) {
    first.insert(answer_to("pool", wire::kA).data().at(0));
    answer_to("pool", wire::kAaaa);
  }
  EXPECT_THAT(first, UnorderedElementsAre("10.0.0.3", "10.0.0.4"));
}

TEST_F(OwnAnswers, FollowTheFiles) {
  start();
  EXPECT_THAT(answer_to("web", wire::kA).data(), ElementsAre("10.0.0.2"));
  write_network("10.0.0.99 - c1 web\n");
  EXPECT_THAT(answer_to("web", wire::kA).data(), ElementsAre("10.0.0.99"));
  write_view("link db c1\n");
  EXPECT_THAT(answer_to("db", wire::kA).data(), ElementsAre("10.0.0.99"));
}

TEST_F(OwnAnswers, AreCutToWhatTheClientTakes) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += fmt::format("10.0.1.{} - c{} n{} pool\n", i, i, i);
  write_network(text);
  start();
  const Bytes plain = wire::query(1, "pool", wire::kA);
  ask(plain);
  const Bytes cut = receive_bytes();
  EXPECT_LE(cut.size(), 512U);
  EXPECT_TRUE(wire::read(cut).has(wire::kTruncated));
  EXPECT_THAT(wire::read(cut).answers, testing::SizeIs(testing::Gt(20U)));
  const wire::Message whole = answer_to(wire::with_opt(plain, wire::opt(4096)));
  EXPECT_FALSE(whole.has(wire::kTruncated));
  EXPECT_EQ(whole.answers.size(), 200U);
  EXPECT_EQ(whole.additional.size(), 1U);
}

TEST_F(OwnAnswers, OtherVersionsOfEdnsAreRefused) {
  start();
  const wire::Message message = answer_to(wire::with_opt(wire::query(1, "web", wire::kA), wire::opt(512, 1)));
  EXPECT_EQ(message.code(), 0);
  EXPECT_THAT(message.answers, IsEmpty());
  EXPECT_EQ(message.additional.at(0).ttl, 0x01000000U);
}

TEST_F(OwnAnswers, OtherClassesAndTransfersAreRefused) {
  start();
  EXPECT_EQ(answer_to(wire::query(1, "web", wire::kA, 3)).code(), 5);
  EXPECT_EQ(answer_to(wire::query(1, "version.bind", 16, 3)).code(), 5);
  EXPECT_EQ(answer_to("web", 252).code(), 5);
  EXPECT_EQ(answer_to("example.com", 251).code(), 5);
}

TEST_F(OwnAnswers, MalformedMessages) {
  start();
  Bytes cut = wire::query(5, "web", wire::kA);
  cut.pop_back();
  const wire::Message message = answer_to(cut);
  EXPECT_EQ(message.id, 5);
  EXPECT_EQ(message.code(), 1);
  EXPECT_EQ(message.questions, 0);
  Bytes update = wire::query(6, "web", wire::kA);
  update[2] = 0x28;
  EXPECT_EQ(answer_to(update).code(), 4);
  // Larger than what is read of a query: its end is missing.
  Bytes large = wire::with_opt(wire::query(7, "web", wire::kA), wire::opt(512));
  large[large.size() - 2] = 0x20;
  large.resize(large.size() + 0x2000);
  EXPECT_EQ(answer_to(large).code(), 1);
}

TEST_F(OwnAnswers, NoneToAnswersAndCrumbs) {
  start();
  Bytes response = wire::query(8, "web", wire::kA);
  response[2] |= 0x80U;
  ask(response);
  ask({1, 2, 3});
  ask({});
  ask(Bytes(11, 0));
  expect_no_answer_before(9);
}

TEST_F(OwnAnswers, WithoutServersOthersFail) {
  start();
  EXPECT_EQ(answer_to("example.com", wire::kA).code(), 2);
  EXPECT_EQ(answer_to("9.0.0.10.in-addr.arpa", wire::kPtr).code(), 2);
  EXPECT_EQ(server_->deadline(), Server::Clock::time_point::max());
}

TEST_F(OwnAnswers, WhereAllNetworksAreInternalOthersDoNotExist) {
  write_view("server 127.0.0.2 outside\n", "internal");
  start();
  const wire::Message message = answer_to("Example.com", wire::kA);
  EXPECT_EQ(message.code(), 3);
  EXPECT_EQ(message.asked, "Example.com");
  EXPECT_EQ(answer_to("9.0.0.10.in-addr.arpa", wire::kPtr).code(), 3);
  EXPECT_THAT(answer_to("web", wire::kA).data(), ElementsAre("10.0.0.2"));
  EXPECT_THAT(asked_inside_, IsEmpty());
}

TEST_F(OwnAnswers, OverIpv6) {
  try {
    start("::1");
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();
  }
  EXPECT_THAT(answer_to("web", wire::kA).data(), ElementsAre("10.0.0.2"));
}

TEST_F(OwnAnswers, ABurstOfAThousand) {
  start();
  std::set<std::uint16_t> answered;
  for (std::uint16_t id = 0; id < 1000; ++id) {
    ask(wire::query(id, id % 2 == 0 ? "web" : "db", wire::kA));
    // As much as a socket's buffer holds.
    if (id % 50 != 49) continue;
    serve();
    while (const std::optional<Datagram> datagram = receive_datagram(client_.get())) {
      const wire::Message message = wire::read(datagram->message);
      EXPECT_THAT(message.data(), ElementsAre(message.id % 2 == 0 ? "10.0.0.2" : "10.0.0.3"));
      answered.insert(message.id);
    }
  }
  EXPECT_EQ(answered.size(), 1000U);
}

TEST_F(OwnAnswers, WorkIsDoneInPieces) {
  start();
  for (std::uint16_t id = 0; id < 100; ++id) ask(wire::query(id, "web", wire::kA));
  server_->serve();
  int answered = 0;
  while (receive_datagram(client_.get())) ++answered;
  EXPECT_EQ(answered, 64);
  serve();
  while (receive_datagram(client_.get())) ++answered;
  EXPECT_EQ(answered, 100);
}

TEST_F(OwnAnswers, NothingStaysOpen) {
  const std::size_t before = open_descriptors();
  have_servers({"127.0.0.2"});
  start();
  ask(wire::query(1, "example.com", wire::kA));
  const Fd stream = connect_stream();
  arrived(servers_[0]);
  server_.reset();
  EXPECT_TRUE([&] {
    char byte = 0;
    return ::recv(stream.get(), &byte, 1, 0) == 0;
  }());
  servers_.clear();
  client_.reset();
  EXPECT_EQ(open_descriptors(), before + 1);  // `stream`
}

}  // namespace
}  // namespace minidock::names
