#include "names/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/names/wire.h"

namespace minidock::names {
namespace {

// "dB.Example" A IN, id 0x1234, recursion desired.
const Bytes kWritten{0x12, 0x34, 0x01, 0x00, 0,   1,   0,   0,   0,   0, 0, 0, 2, 'd',
                     'B',  7,    'E',  'x',  'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1};

Query parsed(const Bytes& message) {
  const ParsedQuery result = parse_query(message);
  EXPECT_TRUE(result.query);
  EXPECT_FALSE(result.error);
  return result.query.value_or(Query{});
}

std::optional<ResponseCode> error_of(const Bytes& message) {
  const ParsedQuery result = parse_query(message);
  EXPECT_FALSE(result.query);
  return result.error;
}

Bytes changed(Bytes message, std::size_t at, std::uint8_t byte) {
  message.at(at) = byte;
  return message;
}

Record ipv4_record(std::uint8_t last) { return {RecordType::a, {10, 0, 0, last}, {}}; }

TEST(ParseQuery, UnderstandsAPlainQuery) {
  const Query query = parsed(kWritten);
  EXPECT_EQ(query.id, 0x1234);
  EXPECT_TRUE(query.recursion_desired);
  EXPECT_EQ(query.question.name, "db.example");
  EXPECT_EQ(query.question.type, 1);
  EXPECT_EQ(query.question.dns_class, 1);
  EXPECT_EQ(query.question_size, 16U);
  EXPECT_FALSE(query.udp_size);
  EXPECT_EQ(query.largest_udp_answer(), 512U);
  EXPECT_FALSE(parsed(changed(kWritten, 2, 0)).recursion_desired);
}

TEST(ParseQuery, UnderstandsTheRoot) { EXPECT_EQ(parsed(wire::query(1, "", 2)).question.name, ""); }

TEST(ParseQuery, KeepsDotsWithinALabelApart) {
  Bytes one_label = wire::query(1, "aXb", wire::kA);
  one_label[14] = '.';
  EXPECT_EQ(parsed(one_label).question.name, "a\\046b");
  one_label[14] = '\\';
  EXPECT_EQ(parsed(one_label).question.name, "a\\092b");
  one_label[14] = 0;
  EXPECT_EQ(parsed(one_label).question.name, "a\\000b");
}

TEST(ParseQuery, TakesTheSizeOfEdns) {
  const Query query = parsed(wire::with_opt(kWritten, wire::opt(4096, 0, 0x8000)));
  EXPECT_EQ(query.udp_size, 4096);
  EXPECT_EQ(query.largest_udp_answer(), 4096U);
  EXPECT_EQ(query.edns_version, 0);
  EXPECT_TRUE(query.dnssec_ok);
  EXPECT_EQ(query.question_size, 16U);
  EXPECT_EQ(parsed(wire::with_opt(kWritten, wire::opt(100))).largest_udp_answer(), 512U);
  EXPECT_EQ(parsed(wire::with_opt(kWritten, wire::opt(65535))).largest_udp_answer(), 65507U);
  EXPECT_EQ(parsed(wire::with_opt(kWritten, wire::opt(512, 1))).edns_version, 1);
}

TEST(ParseQuery, LooksForEdnsOnlyAmongTheAdditionalRecords) {
  Bytes message = kWritten;
  message[7] = 1;  // an answer in a query is strange, and no reason not to understand it
  wire::put(message, wire::opt(4096));
  EXPECT_FALSE(parsed(message).udp_size);
  // Behind another record, whose name is a pointer.
  message = kWritten;
  message[11] = 1;
  wire::put(message, {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4});
  EXPECT_EQ(parsed(wire::with_opt(message, wire::opt(1400))).udp_size, 1400);
}

TEST(ParseQuery, DropsWhatIsNoQuestion) {
  for (std::size_t size = 0; size < 12; ++size) {
    EXPECT_EQ(error_of(Bytes(kWritten.begin(), kWritten.begin() + static_cast<std::ptrdiff_t>(size))), std::nullopt);
  }
  EXPECT_EQ(error_of(changed(kWritten, 2, 0x81)), std::nullopt);
}

TEST(ParseQuery, KnowsOnlyTheStandardQuery) {
  for (unsigned opcode = 1; opcode < 16; ++opcode) {
    EXPECT_EQ(error_of(changed(kWritten, 2, static_cast<std::uint8_t>(opcode << 3U))), ResponseCode::not_implemented);
  }
}

TEST(ParseQuery, WantsOneQuestion) {
  EXPECT_EQ(error_of(changed(kWritten, 5, 0)), ResponseCode::format_error);
  EXPECT_EQ(error_of(changed(kWritten, 4, 1)), ResponseCode::format_error);
  Bytes two = changed(kWritten, 5, 2);
  wire::put(two, wire::question("other", wire::kA));
  EXPECT_EQ(error_of(two), ResponseCode::format_error);
}

TEST(ParseQuery, RefusesACutMessageAtEachByte) {
  const Bytes whole = wire::with_opt(kWritten, wire::opt(4096));
  for (std::size_t size = 12; size < whole.size(); ++size) {
    // Of its own in memory, so that a sanitizer sees a read behind the end.
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(error_of(cut), ResponseCode::format_error) << size;
  }
}

TEST(ParseQuery, RefusesBytesBehindTheEnd) {
  Bytes longer = kWritten;
  longer.push_back(0);
  EXPECT_EQ(error_of(longer), ResponseCode::format_error);
}

TEST(ParseQuery, RefusesCompressionInTheQuestion) {
  Bytes message = wire::header(1, 0x0100, {1, 0, 0, 0});
  wire::put(message, {0xc0, 12, 0, 1, 0, 1});  // points to itself
  EXPECT_EQ(error_of(message), ResponseCode::format_error);
  message = wire::header(1, 0x0100, {1, 0, 0, 0});
  wire::put(message, {1, 'a', 0xc0, 0, 0, 1, 0, 1});
  EXPECT_EQ(error_of(message), ResponseCode::format_error);
  for (const std::uint8_t reserved : {0x40, 0x80}) {
    EXPECT_EQ(error_of(changed(kWritten, 12, reserved)), ResponseCode::format_error);
  }
}

TEST(ParseQuery, KnowsTheLimitsOfNames) {
  EXPECT_EQ(parsed(wire::query(1, std::string(63, 'a'), wire::kA)).question.name.size(), 63U);
  EXPECT_EQ(error_of(wire::query(1, std::string(64, 'a'), wire::kA)), ResponseCode::format_error);
  const std::string label(63, 'a');
  // 3 * 64 + 62 + 1 bytes in the message.
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'a');
  EXPECT_EQ(parsed(wire::query(1, longest, wire::kA)).question.name, longest);
  EXPECT_EQ(error_of(wire::query(1, longest + "a", wire::kA)), ResponseCode::format_error);
}

TEST(ParseQuery, RefusesDamagedEdns) {
  EXPECT_EQ(error_of(wire::with_opt(wire::with_opt(kWritten, wire::opt(512)), wire::opt(512))),
            ResponseCode::format_error);
  Bytes named = wire::name("x");
  const Bytes record = wire::opt(512);
  named.insert(named.end(), record.begin() + 1, record.end());
  EXPECT_EQ(error_of(wire::with_opt(kWritten, named)), ResponseCode::format_error);
  Bytes longer = wire::opt(512);
  longer.back() = 1;  // of data that is not there
  EXPECT_EQ(error_of(wire::with_opt(kWritten, longer)), ResponseCode::format_error);
}

TEST(ParseQuery, DoesNotBelieveCounts) {
  Bytes message = kWritten;
  for (std::size_t at = 6; at < 12; ++at) message[at] = 0xff;
  EXPECT_EQ(error_of(message), ResponseCode::format_error);
}

TEST(Answer, IsWrittenByteForByte) {
  Bytes expected{0x12, 0x34, 0x85, 0x80, 0,   1,   0,   1,   0,   0, 0, 0, 2, 'd',
                 'B',  7,    'E',  'x',  'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1};
  wire::put(expected, {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 10, 0, 0, 7});
  EXPECT_EQ(answer(kWritten, parsed(kWritten), ResponseCode::no_error, {ipv4_record(7)}, 512), expected);
}

TEST(Answer, HasEachKindOfRecord) {
  const Bytes asked = wire::query(7, "x", wire::kAny);
  Bytes ipv6(16, 0);
  ipv6[0] = 0xfd;
  ipv6[15] = 9;
  const std::vector<Record> records{{RecordType::aaaa, ipv6, {}}, {RecordType::ptr, {}, "web.front"}};
  const wire::Message read = wire::read(answer(asked, parsed(asked), ResponseCode::no_error, records, 512));
  EXPECT_THAT(read.data(), testing::ElementsAre("fd00::9", "web.front"));
  for (const wire::Record& record : read.answers) {
    EXPECT_EQ(record.owner, "x");
    EXPECT_EQ(record.dns_class, 1);
    EXPECT_EQ(record.ttl, 0U);
  }
}

TEST(Answer, LeavesOutHostNamesThatDnsCannotExpress) {
  const Bytes asked = wire::query(7, "x", wire::kPtr);
  std::string long_name = "a";
  while (long_name.size() < 254) long_name += ".a";
  const std::vector<Record> records{{RecordType::ptr, {}, std::string(64, 'a')},
                                    {RecordType::ptr, {}, "a..b"},
                                    {RecordType::ptr, {}, long_name},
                                    {RecordType::ptr, {}, "fine"}};
  EXPECT_THAT(wire::read(answer(asked, parsed(asked), ResponseCode::no_error, records, 4096)).data(),
              testing::ElementsAre("fine"));
}

TEST(Answer, HasTheCodeAndIsAuthoritativeOnlyForWhatItKnows) {
  const Query query = parsed(kWritten);
  const wire::Message known = wire::read(answer(kWritten, query, ResponseCode::no_error, {}, 512));
  EXPECT_EQ(known.flags, 0x8580);
  const wire::Message unknown = wire::read(answer(kWritten, query, ResponseCode::name_error, {}, 512));
  EXPECT_EQ(unknown.flags, 0x8183);
  EXPECT_EQ(unknown.asked, "dB.Example");
}

TEST(Answer, SpeaksEdnsOnlyWithWhoDoes) {
  const Bytes asked = wire::with_opt(kWritten, wire::opt(1232, 0, 0x8000));
  const wire::Message read = wire::read(answer(asked, parsed(asked), ResponseCode::no_error, {ipv4_record(1)}, 1232));
  ASSERT_EQ(read.additional.size(), 1U);
  EXPECT_EQ(read.additional[0].owner, "");
  EXPECT_EQ(read.additional[0].type, wire::kOpt);
  EXPECT_EQ(read.additional[0].dns_class, 4096);
  EXPECT_EQ(read.additional[0].ttl, 0x8000U);
  const wire::Message refused = wire::read(answer(asked, parsed(asked), ResponseCode::bad_version, {}, 512));
  EXPECT_EQ(refused.code(), 0);
  EXPECT_EQ(refused.additional.at(0).ttl, 0x01008000U);
}

TEST(Answer, IsCutWhereItDoesNotFit) {
  std::vector<Record> records;
  for (int i = 0; i < 100; ++i) records.push_back(ipv4_record(static_cast<std::uint8_t>(i)));
  const Query query = parsed(kWritten);
  const Bytes cut = answer(kWritten, query, ResponseCode::no_error, records, 512);
  // 28 bytes of header and question, 16 a record.
  EXPECT_EQ(cut.size(), 28U + 30 * 16);
  EXPECT_TRUE(wire::read(cut).has(wire::kTruncated));
  EXPECT_EQ(wire::read(cut).answers.size(), 30U);
  const Bytes just_so = answer(kWritten, query, ResponseCode::no_error, records, 28 + 100 * 16);
  EXPECT_FALSE(wire::read(just_so).has(wire::kTruncated));
  EXPECT_EQ(wire::read(just_so).answers.size(), 100U);
  const Bytes with_edns = wire::with_opt(kWritten, wire::opt(512));
  const Bytes leaves_room = answer(with_edns, parsed(with_edns), ResponseCode::no_error, records, 512);
  EXPECT_LE(leaves_room.size(), 512U);
  EXPECT_EQ(wire::read(leaves_room).additional.size(), 1U);
}

TEST(ErrorAnswer, IsAHeader) {
  EXPECT_EQ(error_answer(kWritten, ResponseCode::format_error),
            (Bytes{0x12, 0x34, 0x81, 0x81, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(error_answer(changed(kWritten, 2, 0x29), ResponseCode::not_implemented),
            (Bytes{0x12, 0x34, 0xa9, 0x84, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(Answers, OnlyWhatWasAsked) {
  const Question question{"db.example", 1, 1};
  const Bytes right = wire::reply_to(kWritten, {"1.2.3.4"});
  EXPECT_TRUE(answers(right, 0x1234, question));
  EXPECT_FALSE(answers(right, 0x1235, question));
  EXPECT_FALSE(answers(changed(right, 2, 0x01), 0x1234, question));
  EXPECT_FALSE(answers(changed(right, 2, 0xa1), 0x1234, question));
  EXPECT_FALSE(answers(changed(right, 5, 0), 0x1234, question));
  EXPECT_FALSE(answers(changed(right, 13, 'x'), 0x1234, question));
  EXPECT_TRUE(answers(changed(right, 13, 'D'), 0x1234, question));
  EXPECT_FALSE(answers(changed(right, 25, 28), 0x1234, question));
  EXPECT_FALSE(answers(changed(right, 27, 3), 0x1234, question));
  for (std::size_t size = 0; size < 28; ++size) {
    EXPECT_FALSE(answers(Bytes(right.begin(), right.begin() + static_cast<std::ptrdiff_t>(size)), 0x1234, question));
  }
}

TEST(Truncated, KeepsHeaderAndQuestion) {
  const Bytes whole = wire::with_opt(wire::reply_to(kWritten, {"1.2.3.4", "1.2.3.5"}), wire::opt(4096));
  const wire::Message read = wire::read(truncated(whole, 16));
  EXPECT_TRUE(read.has(wire::kTruncated));
  EXPECT_EQ(read.id, 0x1234);
  EXPECT_EQ(read.asked, "dB.Example");
  EXPECT_TRUE(read.answers.empty());
  EXPECT_TRUE(read.additional.empty());
}

TEST(Header, IdAndCode) {
  Bytes message = wire::reply_to(kWritten, {}, 5);
  EXPECT_EQ(response_code(message), ResponseCode::refused);
  set_id(message, 0xbeef);
  EXPECT_EQ(message_id(message), 0xbeef);
}

TEST(AddressOfPointer, Ipv4) {
  EXPECT_EQ(address_of_pointer("2.0.18.172.in-addr.arpa"), "172.18.0.2");
  EXPECT_EQ(address_of_pointer("255.255.255.255.in-addr.arpa"), "255.255.255.255");
  for (const char* other :
       {"0.18.172.in-addr.arpa", "1.2.0.18.172.in-addr.arpa", "256.0.18.172.in-addr.arpa", "02.0.18.172.in-addr.arpa",
        ".0.18.172.in-addr.arpa", "a.0.18.172.in-addr.arpa", "1.2.3.4in-addr.arpa", "in-addr.arpa", ".in-addr.arpa",
        "1.2.3.4", "", "1234.0.18.172.in-addr.arpa", "1..18.172.in-addr.arpa"}) {
    EXPECT_EQ(address_of_pointer(other), std::nullopt) << other;
  }
}

TEST(AddressOfPointer, Ipv6) {
  const std::string zeros = "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.";
  EXPECT_EQ(address_of_pointer("3.2.0.0." + zeros + "0.0.d.f.ip6.arpa"), "fd00::23");
  EXPECT_EQ(address_of_pointer("0.2.0.0." + zeros + "8.b.d.0.ip6.arpa"), "db8::20");
  EXPECT_EQ(address_of_pointer("3.2.0." + zeros + "0.0.d.f.ip6.arpa"), std::nullopt);
  EXPECT_EQ(address_of_pointer("3.2.0.g." + zeros + "0.0.d.f.ip6.arpa"), std::nullopt);
  EXPECT_EQ(address_of_pointer("3.2.0.0x" + zeros + "0.0.d.f.ip6.arpa"), std::nullopt);
  EXPECT_EQ(address_of_pointer("ip6.arpa"), std::nullopt);
}

}  // namespace
}  // namespace minidock::names
