// Messages over TCP: two bytes of length in front of each (RFC 1035, 4.2.2).
#pragma once

#include <optional>

#include "names/message.h"

namespace minidock::names {

inline constexpr std::size_t kLengthSize = 2;

// How long the first message of `stream` is with its length in front; nothing when the length is not whole.
inline std::optional<std::size_t> framed_size(BytesView stream) {
  if (stream.size() < kLengthSize) return std::nullopt;
  return kLengthSize + (std::size_t{stream[0]} << 8U | stream[1]);
}

// Of a message of at most kLargestMessage bytes.
inline void append_with_length(Bytes& stream, BytesView message) {
  stream.push_back(static_cast<std::uint8_t>(message.size() >> 8U));
  stream.push_back(static_cast<std::uint8_t>(message.size() & 0xffU));
  stream.insert(stream.end(), message.begin(), message.end());
}

inline Bytes with_length(BytesView message) {
  Bytes stream;
  stream.reserve(kLengthSize + message.size());
  append_with_length(stream, message);
  return stream;
}

}  // namespace minidock::names
