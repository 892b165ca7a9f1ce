// DNS messages (RFC 1035, EDNS: RFC 6891) as a forwarding name server needs them: the question of a query, answers that
// this server gives itself, and what has to be known of another server's answer to pass it on. Nothing here throws for
// what a message contains, reads outside of it, or follows a compression pointer.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace minidock::names {

using Bytes = std::vector<std::uint8_t>;
using BytesView = std::span<const std::uint8_t>;

inline constexpr std::size_t kHeaderSize = 12;
inline constexpr std::size_t kPlainUdpSize = 512;  // an answer's largest size where the client names none
inline constexpr std::size_t kLargestMessage = 65535;
inline constexpr std::size_t kLargestUdpMessage = 65507;  // what an IPv4 packet leaves to UDP

// Numbers of the registries of RFC 6895.
enum class RecordType : std::uint16_t { a = 1, ptr = 12, aaaa = 28, opt = 41, ixfr = 251, axfr = 252, any = 255 };
inline constexpr std::uint16_t kClassInternet = 1;
enum class ResponseCode : std::uint8_t {
  no_error = 0,
  format_error = 1,
  server_failure = 2,
  name_error = 3,  // NXDOMAIN
  not_implemented = 4,
  refused = 5,
  bad_version = 16  // of EDNS; its upper bits are in the OPT record, so that only answer() can say it
};

struct Question {
  // Lower case, labels joined by dots, without the last one; "" is the root. A dot, backslash, blank or control
  // character inside a label is written as in a zone file (RFC 1035, 5.1: "\046"), so that different names differ.
  std::string name;
  std::uint16_t type = 0;
  std::uint16_t dns_class = 0;

  bool operator==(const Question&) const = default;
};

// A standard query with one question; everything else is answered with an error code or dropped.
struct Query {
  std::uint16_t id = 0;
  bool recursion_desired = false;
  Question question;
  std::size_t question_size = 0;          // bytes of the question section, to be repeated in the answer
  std::optional<std::uint16_t> udp_size;  // EDNS: what the client takes, at least 512
  std::uint8_t edns_version = 0;          // another one than 0 is to be answered with bad_version
  bool dnssec_ok = false;                 // to be repeated (RFC 3225, 3)

  std::size_t largest_udp_answer() const {
    return std::min<std::size_t>(udp_size.value_or(kPlainUdpSize), kLargestUdpMessage);
  }
};

struct ParsedQuery {
  std::optional<Query> query;
  // When there is no query: what to answer with (error_answer), or nothing: too short for a header, or itself an
  // answer.
  std::optional<ResponseCode> error;
};
// format_error for anything but one question, for compression in it, for names and labels that are too long, for
// records that do not fill the message exactly, and for two OPT records; not_implemented for another opcode than QUERY.
ParsedQuery parse_query(BytesView message);

// One record of an answer. `data`: 4 bytes of an IPv4 address, 16 of an IPv6 address, or a host name for PTR.
struct Record {
  RecordType type = RecordType::a;
  Bytes address;
  std::string host_name;
};

// The answer of this server, authoritative when `code` is no_error, with the question repeated as it was asked (the
// case of its letters too) and an OPT record when the query had one. TTL 0: who has a name may be gone the next second.
// When the records need more than `largest` (at least 512) bytes, those that fit are there and TC is set (RFC 2181, 9).
// A host name that DNS cannot express is left out.
Bytes answer(BytesView query_message, const Query& query, ResponseCode code, const std::vector<Record>& records,
             std::size_t largest);
// For a message (of at least a header) that is no query of ours: its id, opcode and RD with QR and the code, no
// sections.
Bytes error_answer(BytesView query_message, ResponseCode code);

// Whether `message` is the answer to what was asked: QR, id, and the same question (the case of letters aside).
bool answers(BytesView message, std::uint16_t id, const Question& question);
// All three: of a message with a whole header.
ResponseCode response_code(BytesView message);
std::uint16_t message_id(BytesView message);
void set_id(Bytes& message, std::uint16_t id);
// An address that an answer has for the name that was asked for, or for the one that this one stands for (CNAME).
struct AnsweredAddress {
  Bytes address;          // 4 bytes or 16
  std::uint32_t ttl = 0;  // seconds (RFC 2181, 8: 0 for more than 2^31 - 1)
};
// Those of the answer section, in order. Of a damaged message what comes before the damage.
std::vector<AnsweredAddress> addresses_in(BytesView message);
// A query with recursion desired, without EDNS; empty when DNS cannot express the name.
Bytes query_message(std::uint16_t id, const std::string& name, RecordType type);

// Another server's answer, which is known to start with the question, cut to what every client takes: header with TC,
// and the question.
Bytes truncated(BytesView message, std::size_t question_size);

// "2.0.18.172.in-addr.arpa" → "172.18.0.2", "…ip6.arpa" (RFC 3596, 2.5) → the address in its shortest form; nothing for
// another name. `name` in lower case.
std::optional<std::string> address_of_pointer(std::string_view name);

}  // namespace minidock::names
