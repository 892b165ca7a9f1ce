// Messages as tests write and read them, by other code than the server's.
#pragma once

#include <arpa/inet.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "names/message.h"

namespace minidock::names::wire {

inline constexpr std::uint16_t kA = 1;
inline constexpr std::uint16_t kPtr = 12;
inline constexpr std::uint16_t kMx = 15;
inline constexpr std::uint16_t kAaaa = 28;
inline constexpr std::uint16_t kOpt = 41;
inline constexpr std::uint16_t kAny = 255;

inline void put(Bytes& bytes, std::uint16_t word) {
  bytes.push_back(static_cast<std::uint8_t>(word >> 8U));
  bytes.push_back(static_cast<std::uint8_t>(word & 0xffU));
}

inline void put(Bytes& bytes, const Bytes& more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

inline Bytes name(const std::string& text) {
  Bytes bytes;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('.', at), text.size());
    bytes.push_back(static_cast<std::uint8_t>(end - at));
    bytes.insert(bytes.end(), text.begin() + static_cast<std::ptrdiff_t>(at),
                 text.begin() + static_cast<std::ptrdiff_t>(end));
    at = end + 1;
  }
  bytes.push_back(0);
  return bytes;
}

inline Bytes header(std::uint16_t id, std::uint16_t flags, std::array<std::uint16_t, 4> counts) {
  Bytes bytes;
  put(bytes, id);
  put(bytes, flags);
  for (const std::uint16_t count : counts) put(bytes, count);
  return bytes;
}

inline Bytes question(const std::string& text, std::uint16_t type, std::uint16_t dns_class = 1) {
  Bytes bytes = name(text);
  put(bytes, type);
  put(bytes, dns_class);
  return bytes;
}

inline Bytes query(std::uint16_t id, const std::string& text, std::uint16_t type, std::uint16_t dns_class = 1) {
  Bytes bytes = header(id, 0x0100, {1, 0, 0, 0});
  put(bytes, question(text, type, dns_class));
  return bytes;
}

inline Bytes opt(std::uint16_t udp_size, std::uint8_t version = 0, std::uint16_t flags = 0) {
  Bytes bytes{0};
  put(bytes, kOpt);
  put(bytes, udp_size);
  bytes.push_back(0);
  bytes.push_back(version);
  put(bytes, flags);
  put(bytes, std::uint16_t{0});
  return bytes;
}

inline Bytes with_opt(Bytes message, const Bytes& record) {
  message[11] = static_cast<std::uint8_t>(message[11] + 1);
  put(message, record);
  return message;
}

// What another server answers to `query`: the same id and question, and an A record for each address.
inline Bytes reply_to(const Bytes& asked, const std::vector<std::string>& addresses, std::uint16_t code = 0) {
  Bytes bytes(asked.begin(), asked.begin() + 12);
  bytes[2] |= 0x80U;
  bytes[3] = static_cast<std::uint8_t>(0x80U | code);
  bytes[7] = static_cast<std::uint8_t>(addresses.size() & 0xffU);
  bytes[6] = static_cast<std::uint8_t>(addresses.size() >> 8U);
  bytes[10] = bytes[11] = 0;
  std::size_t end = 12;
  while (asked.at(end) != 0) end += asked[end] + 1U;
  end += 5;
  bytes.insert(bytes.end(), asked.begin() + 12, asked.begin() + static_cast<std::ptrdiff_t>(end));
  for (const std::string& address : addresses) {
    put(bytes, {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4});
    Bytes data(4);
    if (inet_pton(AF_INET, address.c_str(), data.data()) != 1) throw std::invalid_argument(address);
    put(bytes, data);
  }
  return bytes;
}

struct Record {
  std::string owner;
  std::uint16_t type = 0;
  std::uint16_t dns_class = 0;
  std::uint32_t ttl = 0;
  std::string data;  // of A, AAAA and PTR as text
};

struct Message {
  std::uint16_t id = 0;
  std::uint16_t flags = 0;
  std::uint16_t questions = 0;
  std::string asked;  // as it is, the case of its letters too
  std::uint16_t type = 0;
  std::vector<Record> answers;
  std::vector<Record> additional;

  int code() const { return flags & 0xf; }
  bool has(std::uint16_t flag) const { return (flags & flag) != 0; }
  std::vector<std::string> data() const {
    std::vector<std::string> all;
    for (const Record& record : answers) all.push_back(record.data);
    return all;
  }
};
inline constexpr std::uint16_t kAuthoritative = 0x0400;
inline constexpr std::uint16_t kTruncated = 0x0200;

// Throws std::out_of_range for what is cut, std::invalid_argument for bytes behind the end.
class Reader {
 public:
  explicit Reader(const Bytes& bytes) : bytes_(bytes) {}

  Message read() {
    Message message;
    message.id = word();
    message.flags = word();
    message.questions = word();
    const std::uint16_t answers = word();
    const std::uint16_t authorities = word();
    const std::uint16_t additional = word();
    if (message.questions > 0) {
      message.asked = name();
      message.type = word();
      word();
    }
    for (int i = 0; i < answers; ++i) message.answers.push_back(record());
    for (int i = 0; i < authorities; ++i) record();
    for (int i = 0; i < additional; ++i) message.additional.push_back(record());
    if (at_ != bytes_.size()) throw std::invalid_argument("bytes behind the end");
    return message;
  }

 private:
  std::uint8_t byte() { return bytes_.at(at_++); }
  std::uint16_t word() {
    const int high = byte();
    return static_cast<std::uint16_t>(high << 8 | byte());
  }
  std::string name() {
    std::string text;
    for (int length = byte(); length != 0; length = byte()) {
      if (length >= 0xc0) {
        const std::size_t target = static_cast<std::size_t>((length & 0x3f) << 8 | byte());
        const std::size_t back = std::exchange(at_, target);
        text += name();
        at_ = back;
        return text;
      }
      if (!text.empty()) text += '.';
      for (; length > 0; --length) text += static_cast<char>(byte());
    }
    return text;
  }
  Record record() {
    Record record;
    record.owner = name();
    record.type = word();
    record.dns_class = word();
    record.ttl = static_cast<std::uint32_t>(word()) << 16U;
    record.ttl |= word();
    const std::size_t size = word();
    const std::size_t end = at_ + size;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (record.type == kPtr) {
      record.data = name();
    } else if (record.type == kA || record.type == kAaaa) {
      bytes_.at(end - 1);
      record.data = inet_ntop(size == 4 ? AF_INET : AF_INET6, &bytes_[at_], text.data(), text.size());
    }
    at_ = end;
    return record;
  }

  const Bytes& bytes_;
  std::size_t at_ = 0;
};

inline Message read(const Bytes& bytes) { return Reader(bytes).read(); }

}  // namespace minidock::names::wire
