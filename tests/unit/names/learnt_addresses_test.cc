#include "names/learnt_addresses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "names/address_text.h"
#include "tests/unit/names/server_host.h"

namespace minidock::names {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

// What is allowed, as "<pattern> <address>", kept as the kernel would.
class LearntAddressesTest : public ServerTest {
 protected:
  std::unique_ptr<LearntAddresses> learnt(std::vector<std::string> patterns) {
    return std::make_unique<LearntAddresses>(
        std::move(patterns),
        [this](std::size_t pattern, const Bytes& address) { allowed_.insert(text_of(pattern, address)); },
        [this](std::size_t pattern, const Bytes& address) {
          EXPECT_EQ(allowed_.erase(text_of(pattern, address)), 1U) << "forbidden, but it was not allowed";
        });
  }
  static std::string text_of(std::size_t pattern, const Bytes& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(address.size() == 4 ? AF_INET : AF_INET6, address.data(), text.data(), text.size());
    return fmt::format("{} {}", pattern, text.data());
  }
  static std::vector<AnsweredAddress> addresses(const std::vector<std::string>& texts, std::uint32_t ttl = 60) {
    std::vector<AnsweredAddress> result;
    for (const std::string& text : texts) result.push_back({address_bytes(text), ttl});
    return result;
  }
  static Question question(const std::string& name) { return {name, 1, kClassInternet}; }

  std::set<std::string> allowed_;
  LearntAddresses::Clock::time_point now_ = LearntAddresses::Clock::now();
};

TEST_F(LearntAddressesTest, PatternsAreNamesOrWhatIsBelowThem) {
  const auto exact = learnt({"example.com"});
  EXPECT_TRUE(exact->may_ask("example.com"));
  for (const char* other : {"www.example.com", "example.co", "xexample.com", "com", ""}) {
    EXPECT_FALSE(exact->may_ask(other)) << other;
  }
  const auto below = learnt({"*.example.com"});
  EXPECT_TRUE(below->may_ask("www.example.com"));
  EXPECT_TRUE(below->may_ask("a.b.example.com"));
  for (const char* other : {"example.com", "xexample.com", ".example.com.evil", ""}) {
    EXPECT_FALSE(below->may_ask(other)) << other;
  }
  EXPECT_TRUE(learnt({"*"})->may_ask("anything"));
  EXPECT_FALSE(learnt({""})->may_ask(""));
  EXPECT_FALSE(learnt({})->may_ask("example.com"));
}

TEST_F(LearntAddressesTest, EachPatternHasItsAddresses) {
  const auto learning = learnt({"api.test", "*.test", "other.test"});
  learning->learn(question("api.test"), addresses({"10.0.0.1", "fd00::1"}), false, now_);
  EXPECT_THAT(allowed_, ElementsAre("0 10.0.0.1", "0 fd00::1", "1 10.0.0.1", "1 fd00::1"));
  learning->learn(question("evil.example"), addresses({"10.0.0.9"}), false, now_);
  EXPECT_EQ(allowed_.size(), 4U);
}

TEST_F(LearntAddressesTest, AnHourAtLeastAndADayAtMost) {
  const auto learning = learnt({"*"});
  learning->learn(question("short.test"), addresses({"10.0.0.1"}, 5), false, now_);
  learning->learn(question("middle.test"), addresses({"10.0.0.2"}, 2 * 3600), false, now_);
  learning->learn(question("long.test"), addresses({"10.0.0.3"}, 0x7fffffff), false, now_);
  learning->on_time(now_ + hours(1) - seconds(1));
  EXPECT_EQ(allowed_.size(), 3U);
  learning->on_time(now_ + hours(1));
  EXPECT_THAT(allowed_, ElementsAre("0 10.0.0.2", "0 10.0.0.3"));
  learning->on_time(now_ + hours(2));
  EXPECT_THAT(allowed_, ElementsAre("0 10.0.0.3"));
  learning->on_time(now_ + hours(24));
  EXPECT_THAT(allowed_, IsEmpty());
  EXPECT_EQ(learning->deadline(), LearntAddresses::Clock::time_point::max());
}

TEST_F(LearntAddressesTest, IsAskedForOnceMoreBeforeItsEnd) {
  const auto learning = learnt({"*"});
  learning->learn(question("api.test"), addresses({"10.0.0.1", "10.0.0.2"}), false, now_);
  const auto before_end = now_ + hours(1) - kAskAgainBefore;
  EXPECT_EQ(learning->deadline(), before_end);
  EXPECT_THAT(learning->on_time(before_end - seconds(1)), IsEmpty());
  EXPECT_THAT(learning->on_time(before_end), ElementsAre(question("api.test")));
  EXPECT_THAT(learning->on_time(before_end + seconds(1)), IsEmpty()) << "the answer is on its way";
  EXPECT_EQ(learning->deadline(), now_ + hours(1));
  // One of the two is still what the name leads to.
  learning->learn(question("api.test"), addresses({"10.0.0.2"}), false, before_end + seconds(2));
  learning->on_time(now_ + hours(1));
  EXPECT_THAT(allowed_, ElementsAre("0 10.0.0.2"));
}

TEST_F(LearntAddressesTest, AnAddressOfTwoNamesGoesWithTheLast) {
  const auto learning = learnt({"*"});
  learning->learn(question("a.test"), addresses({"10.0.0.1"}), false, now_);
  learning->learn(question("b.test"), addresses({"10.0.0.1"}), false, now_ + minutes(30));
  learning->on_time(now_ + hours(1));
  EXPECT_THAT(allowed_, ElementsAre("0 10.0.0.1"));
  learning->on_time(now_ + minutes(90));
  EXPECT_THAT(allowed_, IsEmpty());
}

TEST_F(LearntAddressesTest, WhatOthersSayNeverLeadsToTheHostOrTheLink) {
  const auto learning = learnt({"*"});
  const std::vector<AnsweredAddress> bad = addresses(
      {"127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "169.254.169.254", "224.0.0.251", "255.255.255.255", "::1",
       "::", "fe80::1", "febf::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::7f00:1"});
  learning->learn(question("evil.test"), bad, false, now_);
  EXPECT_THAT(allowed_, IsEmpty());
  learning->learn(question("good.test"),
                  addresses({"10.0.0.1", "192.0.2.1", "fec0::1", "2001:db8::1", "::ffff:10.0.0.1"}), false, now_);
  EXPECT_EQ(allowed_.size(), 5U);
}

TEST_F(LearntAddressesTest, NeverMoreThanSoMany) {
  const auto learning = learnt({"*"});
  learning->learn(question("first.test"), addresses({"10.9.9.9"}), false, now_);
  for (std::size_t i = 0; i < kMostLearnt; ++i) {
    learning->learn(question(fmt::format("n{}.test", i)), addresses({fmt::format("10.0.{}.{}", i / 256, i % 256)}),
                    false, now_ + seconds(1));
  }
  EXPECT_EQ(allowed_.size(), kMostLearnt);
  EXPECT_THAT(allowed_, Not(Contains("0 10.9.9.9")));
}

TEST_F(LearntAddressesTest, AllIsToldAgain) {
  const auto learning = learnt({"*"});
  learning->learn(question("a.test"), addresses({"10.0.0.1", "10.0.0.2"}), false, now_);
  allowed_.clear();
  learning->repeat();
  EXPECT_THAT(allowed_, ElementsAre("0 10.0.0.1", "0 10.0.0.2"));
}

// ---- with a server

TEST_F(LearntAddressesTest, AnAddressIsAllowedBeforeTheContainerHasIt) {
  learnt_ = learnt({"api.test"});
  have_servers({"127.0.0.2"});
  start();
  ask(wire::query(1, "API.test", wire::kA));
  reply_once(servers_[0], [](const Bytes& asked) { return wire::reply_to(asked, {"10.1.2.3"}); });
  const wire::Message message = receive();
  EXPECT_THAT(message.data(), ElementsAre("10.1.2.3"));
  EXPECT_THAT(allowed_, ElementsAre("0 10.1.2.3"));
}

TEST_F(LearntAddressesTest, AnswersThatDoNotFitAreLearntWhole) {
  learnt_ = learnt({"api.test"});
  have_servers({"127.0.0.2"});
  start();
  std::vector<std::string> many;
  for (int i = 1; i <= 60; ++i) many.push_back(fmt::format("10.0.0.{}", i));
  ask(wire::query(1, "api.test", wire::kA));
  reply_once(servers_[0], [&](const Bytes& asked) { return wire::reply_to(asked, many); });
  EXPECT_TRUE(receive().has(wire::kTruncated));
  EXPECT_EQ(allowed_.size(), many.size());
}

TEST_F(LearntAddressesTest, OtherNamesAreNotEvenAskedFor) {
  learnt_ = learnt({"api.test"});
  have_servers({"127.0.0.2"});
  start();
  EXPECT_EQ(answer_to("secret.evil.example", wire::kA).code(), 3);
  EXPECT_EQ(answer_to("8.8.8.8.in-addr.arpa", wire::kPtr).code(), 3);
  EXPECT_FALSE(receive_datagram(servers_[0].udp.get()).has_value());
}

TEST_F(LearntAddressesTest, NamesOfItsNetworksAreLearntToo) {
  learnt_ = learnt({"pool", "10.0.0.2"});
  start();
  EXPECT_EQ(answer_to("web", wire::kA).data().size(), 1U) << "known, but not allowed";
  EXPECT_THAT(allowed_, IsEmpty());
  answer_to("pool", wire::kA);
  EXPECT_THAT(allowed_, ElementsAre("0 10.0.0.3", "0 10.0.0.4", "0 10.0.0.5"));
}

TEST_F(LearntAddressesTest, TheServerAsksAgainByItself) {
  const auto soon = LearntAddresses::Clock::now() - hours(1) + kAskAgainBefore;
  learnt_ = learnt({"api.test"});
  learnt_->learn(question("api.test"), addresses({"10.1.2.3"}), false, soon);
  have_servers({"127.0.0.2"});
  start();
  pass_deadline();
  const Datagram asked = arrived(servers_[0]);
  EXPECT_EQ(wire::read(asked.message).asked, "api.test");
  reply(servers_[0], asked, wire::reply_to(asked.message, {"10.1.2.3"}));
  serve_until([&] { return server_->deadline() > Server::Clock::now() + minutes(30); });
  EXPECT_THAT(allowed_, ElementsAre("0 10.1.2.3"));
}

// ---- what is in an answer

TEST_F(LearntAddressesTest, AddressesBehindAnotherName) {
  Bytes message = wire::header(1, 0x8180, {1, 3, 0, 0});
  wire::put(message, wire::question("www.test", wire::kA));
  wire::put(message, {0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 2, 0xc0, 12});    // CNAME
  wire::put(message, {0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4, 10, 0, 0, 1});  // A
  wire::put(message, {0xc0, 12, 0, 1, 0, 3, 0, 0, 1, 0, 0, 4, 10, 0, 0, 2});  // of class CHAOS
  const std::vector<AnsweredAddress> found = addresses_in(message);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].address, (Bytes{10, 0, 0, 1}));
  EXPECT_EQ(found[0].ttl, 256U);
  message.resize(message.size() - 20);
  EXPECT_TRUE(addresses_in(message).empty()) << "cut in the middle of the address";
}

TEST_F(LearntAddressesTest, AQuestionIsWritten) {
  const wire::Message message = wire::read(query_message(7, "api.test", RecordType::aaaa));
  EXPECT_EQ(message.id, 7);
  EXPECT_EQ(message.asked, "api.test");
  EXPECT_EQ(message.type, wire::kAaaa);
  EXPECT_TRUE(query_message(7, std::string(64, 'a'), RecordType::a).empty());
}

}  // namespace
}  // namespace minidock::names
