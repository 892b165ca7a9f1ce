#include "engine/shim/json_escape.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace minidock::shim {
namespace {

// ---- ASCII that needs one

struct Escape {
  std::array<char, 8> text{};
  std::uint8_t size = 0;  // 0: the byte is plain
};

constexpr Escape numbered_escape(unsigned byte) {
  constexpr std::string_view kHex = "0123456789abcdef";
  return {{'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 0xfU]}, 6};
}

constexpr std::array<Escape, 128> make_escapes() {
  std::array<Escape, 128> table{};
  for (unsigned byte = 0; byte < 0x20; ++byte) table[byte] = numbered_escape(byte);
  for (const unsigned byte : {'<', '>', '&'}) table[byte] = numbered_escape(byte);
  table['"'] = {{'\\', '"'}, 2};
  table['\\'] = {{'\\', '\\'}, 2};
  table['\n'] = {{'\\', 'n'}, 2};
  table['\r'] = {{'\\', 'r'}, 2};
  return table;
}

constexpr std::array<Escape, 128> kEscapes = make_escapes();

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }
const Escape& escape_of(char ascii) { return kEscapes[static_cast<unsigned char>(ascii)]; }

// ---- what needs no escape: sixteen bytes at a time

using Bytes = signed char __attribute__((vector_size(16)));
using Words = std::uint64_t __attribute__((vector_size(16)));

// 0xff in the place of each byte that is not plain. docker escapes what could end a script element, too.
Words not_plain(const char* data) {
  Bytes bytes;
  std::memcpy(&bytes, data, sizeof bytes);
  // Below a space: the control characters and, as these bytes are signed, everything that is not ASCII.
  const auto marks =
      (bytes < ' ') | (bytes == '"') | (bytes == '\\') | (bytes == '&') | (bytes == '<') | (bytes == '>');
  return reinterpret_cast<const Words&>(marks);
}

static_assert(std::endian::native == std::endian::little, "the first byte in memory is the lowest of a word");

// Copies plain bytes; returns how many.
std::size_t copy_plain(std::string_view text, char* out) {
  std::size_t done = 0;
  for (; text.size() - done >= sizeof(Bytes); done += sizeof(Bytes)) {
    const Words marks = not_plain(text.data() + done);
    std::memcpy(out + done, text.data() + done, sizeof(Bytes));
    if (marks[0] != 0) return done + static_cast<std::size_t>(std::countr_zero(marks[0])) / 8;
    if (marks[1] != 0) return done + 8 + static_cast<std::size_t>(std::countr_zero(marks[1])) / 8;
  }
  for (; done < text.size(); ++done) {
    if (!is_ascii(text[done]) || escape_of(text[done]).size != 0) break;
    out[done] = text[done];
  }
  return done;
}

// ---- the rest

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; }

// Length of the well-formed UTF-8 sequence (Unicode 15, table 3-7) at the start of `text`, which is not ASCII; 0 for
// none.
std::size_t utf8_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead >= 0xc2 && lead <= 0xdf   ? 2
                             : lead >= 0xe0 && lead <= 0xef ? 3
                             : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                            : 0;
  if (length == 0 || text.size() < length) return 0;
  // No overlong forms, surrogates, or anything beyond U+10FFFF: all show in the second byte.
  const auto second = static_cast<unsigned char>(text[1]);
  const unsigned char lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned char highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  return length;
}

char* put(std::string_view text, char* out) { return out + text.copy(out, text.size()); }

}  // namespace

char* escape_json(std::string_view text, char* out) {
  while (!text.empty()) {
    const std::size_t plain = copy_plain(text, out);
    out += plain;
    text.remove_prefix(plain);
    while (!text.empty() && is_ascii(text.front()) && escape_of(text.front()).size != 0) {
      const Escape& escape = escape_of(text.front());
      std::memcpy(out, escape.text.data(), escape.text.size());
      out += escape.size;
      text.remove_prefix(1);
    }
    if (text.empty() || is_ascii(text.front())) continue;
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      out = put("\\ufffd", out);
    } else if (text.starts_with("\u2028") || text.starts_with("\u2029")) {
      out = put(text[2] == '\xa8' ? "\\u2028" : "\\u2029", out);  // line ends to JavaScript, not to JSON
    } else {
      out = put(text.substr(0, length), out);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

}  // namespace minidock::shim
