#include "names/message.h"

#include <fmt/format.h>

namespace minidock::names {
namespace {

constexpr std::size_t kLongestName = 255;  // of the bytes in a message, with the lengths and the root
constexpr std::size_t kLongestLabel = 63;
constexpr std::size_t kOptSize = 11;
constexpr std::uint32_t kLongestTtl = 0x7fffffff;
constexpr std::uint16_t kOwnUdpSize = 4096;  // what this server takes, for OPT
constexpr std::uint16_t kPointerToQuestion = 0xc000 | kHeaderSize;

// Of the header's second word.
constexpr std::uint16_t kResponse = 0x8000;
constexpr std::uint16_t kOpcodeMask = 0x7800;
constexpr std::uint16_t kAuthoritative = 0x0400;
constexpr std::uint16_t kTruncated = 0x0200;
constexpr std::uint16_t kRecursionDesired = 0x0100;
constexpr std::uint16_t kRecursionAvailable = 0x0080;
constexpr std::uint16_t kCodeMask = 0x000f;
// Of the lower half of OPT's TTL.
constexpr std::uint16_t kDnssecOk = 0x8000;

std::uint16_t word_at(BytesView message, std::size_t at) {
  return static_cast<std::uint16_t>(message[at] << 8 | message[at + 1]);
}

// Reads from a message; past its end everything is 0 and `failed` is true.
class Cursor {
 public:
  Cursor(BytesView message, std::size_t at) : message_(message), at_(at) {}

  std::uint8_t byte() {
    if (at_ >= message_.size()) {
      failed_ = true;
      return 0;
    }
    return message_[at_++];
  }
  std::uint16_t word() {
    const unsigned high = byte();
    return static_cast<std::uint16_t>(high << 8U | byte());
  }
  void skip(std::size_t size) {
    if (size > message_.size() - at_) failed_ = true;
    at_ += std::min(size, message_.size() - at_);
  }
  void fail() { failed_ = true; }
  bool failed() const { return failed_; }
  std::uint32_t double_word() {
    const std::uint32_t high = word();
    return high << 16U | word();
  }
  Bytes bytes(std::size_t size) {
    const std::size_t start = at_;
    skip(size);
    const BytesView taken = message_.subspan(start, at_ - start);
    return {taken.begin(), taken.end()};
  }
  std::size_t position() const { return at_; }
  bool at_end() const { return at_ == message_.size(); }

 private:
  BytesView message_;
  std::size_t at_;
  bool failed_ = false;
};

void append_label_byte(std::string& name, std::uint8_t byte) {
  const char c = static_cast<char>(byte);
  if (c >= 'A' && c <= 'Z') {
    name += static_cast<char>(c - 'A' + 'a');
  } else if (byte <= ' ' || byte == 0x7f || c == '.' || c == '\\') {
    name += fmt::format("\\{:03}", byte);
  } else {
    name += c;
  }
}

// The name of a question: no compression, as there is nothing before it that it could point to.
std::string read_name(Cursor& cursor) {
  std::string name;
  std::size_t size = 1;
  for (std::size_t length = cursor.byte(); length != 0 && !cursor.failed(); length = cursor.byte()) {
    size += length + 1;
    if (length > kLongestLabel || size > kLongestName) {
      cursor.fail();
      break;
    }
    if (!name.empty()) name += '.';
    for (; length > 0; --length) append_label_byte(name, cursor.byte());
  }
  return name;
}

Question read_question(Cursor& cursor) {
  Question question;
  question.name = read_name(cursor);
  question.type = cursor.word();
  question.dns_class = cursor.word();
  return question;
}

// A record's name, which ends with a pointer at the latest: it is passed over, not followed.
void skip_name(Cursor& cursor) {
  for (std::size_t length = cursor.byte(); length != 0 && !cursor.failed(); length = cursor.byte()) {
    if ((length & 0xc0U) == 0xc0U) {
      cursor.skip(1);
      return;
    }
    if (length > kLongestLabel) cursor.fail();
    cursor.skip(length);
  }
}

void read_opt(Cursor& cursor, Query& query) {
  query.udp_size = std::max<std::uint16_t>(cursor.word(), kPlainUdpSize);
  cursor.skip(1);  // the upper part of a response code
  query.edns_version = cursor.byte();
  query.dnssec_ok = (cursor.word() & kDnssecOk) != 0;
  cursor.skip(cursor.word());
}

void read_record(Cursor& cursor, bool additional, Query& query) {
  const std::size_t start = cursor.position();
  skip_name(cursor);
  const bool root = cursor.position() == start + 1;
  const RecordType type{cursor.word()};
  if (type == RecordType::opt && additional) {
    if (!root || query.udp_size) cursor.fail();
    read_opt(cursor, query);
    return;
  }
  cursor.skip(6);  // class, TTL
  cursor.skip(cursor.word());
}

void put_word(Bytes& message, std::uint16_t word) {
  message.push_back(static_cast<std::uint8_t>(word >> 8U));
  message.push_back(static_cast<std::uint8_t>(word & 0xffU));
}

void set_word(Bytes& message, std::size_t at, std::uint16_t word) {
  message[at] = static_cast<std::uint8_t>(word >> 8U);
  message[at + 1] = static_cast<std::uint8_t>(word & 0xffU);
}

// Empty when DNS cannot express it.
Bytes encode_name(std::string_view name) {
  Bytes encoded;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    if (label.empty() || label.size() > kLongestLabel) return {};
    encoded.push_back(static_cast<std::uint8_t>(label.size()));
    encoded.insert(encoded.end(), label.begin(), label.end());
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  encoded.push_back(0);
  if (encoded.size() > kLongestName) encoded.clear();
  return encoded;
}

void put_record(Bytes& message, RecordType type, const Bytes& data) {
  put_word(message, kPointerToQuestion);
  put_word(message, static_cast<std::uint16_t>(type));
  put_word(message, kClassInternet);
  put_word(message, 0);  // TTL
  put_word(message, 0);
  put_word(message, static_cast<std::uint16_t>(data.size()));
  message.insert(message.end(), data.begin(), data.end());
}
constexpr std::size_t kRecordSizeWithoutData = 12;

void put_opt(Bytes& message, const Query& query, ResponseCode code) {
  message.push_back(0);  // the root's name
  put_word(message, static_cast<std::uint16_t>(RecordType::opt));
  put_word(message, kOwnUdpSize);
  message.push_back(static_cast<std::uint8_t>(static_cast<unsigned>(code) >> 4U));
  message.push_back(0);  // version
  put_word(message, query.dnssec_ok ? kDnssecOk : 0);
  put_word(message, 0);  // no options
}

std::uint16_t answer_flags(BytesView query_message, ResponseCode code) {
  const unsigned copied = word_at(query_message, 2) & (kOpcodeMask | kRecursionDesired);
  return static_cast<std::uint16_t>(kResponse | copied | kRecursionAvailable |
                                    (static_cast<unsigned>(code) & kCodeMask));
}

}  // namespace

ParsedQuery parse_query(BytesView message) {
  if (message.size() < kHeaderSize) return {};
  const std::uint16_t flags = word_at(message, 2);
  if ((flags & kResponse) != 0) return {};
  if ((flags & kOpcodeMask) != 0) return {std::nullopt, ResponseCode::not_implemented};
  if (word_at(message, 4) != 1) return {std::nullopt, ResponseCode::format_error};

  Query query;
  query.id = word_at(message, 0);
  query.recursion_desired = (flags & kRecursionDesired) != 0;
  Cursor cursor(message, kHeaderSize);
  query.question = read_question(cursor);
  query.question_size = cursor.position() - kHeaderSize;
  const unsigned before_additional = word_at(message, 6) + word_at(message, 8);
  const unsigned records = before_additional + word_at(message, 10);
  // Each record is eleven bytes at least: what the counts promise ends with the message.
  for (unsigned i = 0; i < records && !cursor.failed(); ++i) read_record(cursor, i >= before_additional, query);
  if (cursor.failed() || !cursor.at_end()) return {std::nullopt, ResponseCode::format_error};
  return {query, std::nullopt};
}

Bytes answer(BytesView query_message, const Query& query, ResponseCode code, const std::vector<Record>& records,
             std::size_t largest) {
  const BytesView question = query_message.subspan(kHeaderSize, query.question_size);
  Bytes message;
  put_word(message, query.id);
  std::uint16_t flags = answer_flags(query_message, code);
  if (code == ResponseCode::no_error) flags |= kAuthoritative;
  put_word(message, flags);
  put_word(message, 1);
  put_word(message, 0);  // answers: counted below
  put_word(message, 0);
  put_word(message, query.udp_size ? 1 : 0);
  message.insert(message.end(), question.begin(), question.end());

  const std::size_t room = largest - (query.udp_size ? kOptSize : 0);
  std::uint16_t count = 0;
  for (const Record& record : records) {
    const Bytes data = record.type == RecordType::ptr ? encode_name(record.host_name) : record.address;
    if (data.empty()) continue;
    if (message.size() + kRecordSizeWithoutData + data.size() > room) {
      set_word(message, 2, flags | kTruncated);
      break;
    }
    put_record(message, record.type, data);
    ++count;
  }
  set_word(message, 6, count);
  if (query.udp_size) put_opt(message, query, code);
  return message;
}

Bytes error_answer(BytesView query_message, ResponseCode code) {
  Bytes message(kHeaderSize, 0);
  std::copy_n(query_message.begin(), 2, message.begin());
  set_word(message, 2, answer_flags(query_message, code));
  return message;
}

bool answers(BytesView message, std::uint16_t id, const Question& question) {
  if (message.size() < kHeaderSize || message_id(message) != id) return false;
  if ((word_at(message, 2) & (kResponse | kOpcodeMask)) != kResponse || word_at(message, 4) != 1) return false;
  Cursor cursor(message, kHeaderSize);
  const Question answered = read_question(cursor);
  return !cursor.failed() && answered == question;
}

ResponseCode response_code(BytesView message) { return ResponseCode(word_at(message, 2) & kCodeMask); }

std::uint16_t message_id(BytesView message) { return word_at(message, 0); }

void set_id(Bytes& message, std::uint16_t id) { set_word(message, 0, id); }

std::vector<AnsweredAddress> addresses_in(BytesView message) {
  std::vector<AnsweredAddress> addresses;
  if (message.size() < kHeaderSize) return addresses;
  Cursor cursor(message, kHeaderSize);
  for (unsigned questions = word_at(message, 4); questions > 0 && !cursor.failed(); --questions) {
    skip_name(cursor);
    cursor.skip(4);
  }
  for (unsigned records = word_at(message, 6); records > 0 && !cursor.failed(); --records) {
    skip_name(cursor);
    const RecordType type{cursor.word()};
    const std::uint16_t dns_class = cursor.word();
    const std::uint32_t ttl = cursor.double_word();
    Bytes data = cursor.bytes(cursor.word());
    const std::size_t size = type == RecordType::a ? 4 : 16;
    const bool is_address = (type == RecordType::a || type == RecordType::aaaa) && data.size() == size;
    if (cursor.failed() || !is_address || dns_class != kClassInternet) continue;
    addresses.push_back({std::move(data), ttl > kLongestTtl ? 0 : ttl});
  }
  return addresses;
}

Bytes query_message(std::uint16_t id, const std::string& name, RecordType type) {
  const Bytes encoded = encode_name(name);
  Bytes message;
  if (encoded.empty()) return message;
  put_word(message, id);
  put_word(message, kRecursionDesired);
  put_word(message, 1);
  for (int empty_sections = 3; empty_sections > 0; --empty_sections) put_word(message, 0);
  message.insert(message.end(), encoded.begin(), encoded.end());
  put_word(message, static_cast<std::uint16_t>(type));
  put_word(message, kClassInternet);
  return message;
}

Bytes truncated(BytesView message, std::size_t question_size) {
  const BytesView kept = message.first(kHeaderSize + question_size);
  Bytes cut(kept.begin(), kept.end());
  set_word(cut, 2, word_at(message, 2) | kTruncated);
  set_word(cut, 4, 1);
  for (const std::size_t count : {6, 8, 10}) set_word(cut, count, 0);
  return cut;
}

}  // namespace minidock::names
