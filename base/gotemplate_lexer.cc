#include "base/gotemplate_lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "base/error.h"

namespace minidock::gotemplate {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

bool is_space(char c) { return kSpace.find(c) != std::string_view::npos; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         (static_cast<unsigned char>(c) & 0x80U);
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0U | code >> 6U);
    put(0x80U | (code & 0x3fU));
  } else if (code < 0x10000) {
    put(0xe0U | code >> 12U);
    put(0x80U | (code >> 6U & 0x3fU));
    put(0x80U | (code & 0x3fU));
  } else {
    put(0xf0U | code >> 18U);
    put(0x80U | (code >> 12U & 0x3fU));
    put(0x80U | (code >> 6U & 0x3fU));
    put(0x80U | (code & 0x3fU));
  }
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  std::vector<Token> run() {
    while (position_ < source_.size()) {
      text();
      if (position_ < source_.size() && !comment()) action();
    }
    add(TokenKind::end, "", source_.size(), source_.size());
    return std::move(tokens_);
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return position_ + ahead < source_.size() ? source_[position_ + ahead] : '\0';
  }

  bool at(std::string_view word) const { return source_.substr(position_).starts_with(word); }

  void add(TokenKind kind, std::string text, std::size_t begin, std::size_t finish) {
    tokens_.push_back(Token{kind, std::move(text), begin, finish, space_});
    space_ = false;
  }

  // "{{- " with its space.
  bool at_left_trim() const { return at("{{-") && is_space(peek(3)); }

  // Everything up to the next "{{" or the end.
  void text() {
    const std::size_t begin = position_;
    position_ = std::min(source_.find("{{", position_), source_.size());
    std::string_view plain = source_.substr(begin, position_ - begin);
    if (trim_next_) plain.remove_prefix(std::min(plain.find_first_not_of(kSpace), plain.size()));
    trim_next_ = false;
    if (at_left_trim()) {
      const std::size_t last = plain.find_last_not_of(kSpace);
      plain = last == std::string_view::npos ? std::string_view{} : plain.substr(0, last + 1);
    }
    if (!plain.empty()) add(TokenKind::text, std::string(plain), begin, position_);
  }

  // A comment fills its action: "{{/* … */}}", with trim markers or without.
  bool comment() {
    const std::size_t open = position_ + (at_left_trim() ? 4 : 2);
    if (!source_.substr(open).starts_with("/*")) return false;
    const std::size_t close = source_.find("*/", open + 2);
    if (close == std::string_view::npos) parse_error(source_, position_, "unclosed comment");
    position_ = close + 2;
    if (is_space(peek()) && peek(1) == '-' && source_.substr(position_ + 2).starts_with("}}")) {
      trim_next_ = true;
      position_ += 2;
    }
    if (!at("}}")) parse_error(source_, position_, "comment ends before closing delimiter");
    position_ += 2;
    return true;
  }

  void action() {
    const std::size_t begin = position_;
    position_ += at_left_trim() ? 3 : 2;
    space_ = false;
    add(TokenKind::left, "{{", begin, position_);
    for (;;) {
      if (is_space(peek()) && source_.substr(position_ + 1).starts_with("-}}")) {
        trim_next_ = true;
        position_ += 2;
      }
      if (at("}}")) break;
      if (position_ >= source_.size()) parse_error(source_, begin, "unclosed action");
      inside_action();
    }
    add(TokenKind::right, "}}", position_, position_ + 2);
    position_ += 2;
  }

  void inside_action() {
    const char c = peek();
    if (is_space(c)) {
      space_ = true;
      ++position_;
    } else if (c == '"') {
      quoted_string();
    } else if (c == '`') {
      raw_string();
    } else if (c == '\'') {
      character();
    } else if (is_digit(c) || ((c == '+' || c == '-' || c == '.') && is_digit(peek(1)))) {
      number();
    } else if (c == '.') {
      const bool name = is_word(peek(1));
      word(name ? TokenKind::field : TokenKind::dot, name ? 1 : 0, 1);
    } else if (c == '$') {
      word(TokenKind::variable, 0, 1);
    } else if (is_word(c)) {
      word(TokenKind::identifier, 0, 0);
    } else {
      punctuation();
    }
  }

  // A name behind `lead` bytes (a dot, a dollar), of which the first `skip` are not part of the token's text.
  void word(TokenKind kind, std::size_t skip, std::size_t lead) {
    const std::size_t begin = position_;
    position_ += lead;
    while (kind != TokenKind::dot && is_word(peek())) ++position_;
    add(kind, std::string(source_.substr(begin + skip, position_ - begin - skip)), begin, position_);
  }

  void number() {
    const std::size_t begin = position_++;
    // Hexadecimal digits and 'p' come in through is_word; a sign follows an exponent's letter only.
    const bool hex = source_.substr(begin).find_first_of("xX") <= 2;
    while (is_word(peek()) || peek() == '.' || ((peek() == '+' || peek() == '-') && exponent_before(hex))) ++position_;
    add(TokenKind::number, std::string(source_.substr(begin, position_ - begin)), begin, position_);
  }

  bool exponent_before(bool hex) const {
    const char before = source_[position_ - 1];
    return hex ? before == 'p' || before == 'P' : before == 'e' || before == 'E';
  }

  void punctuation() {
    constexpr std::pair<std::string_view, TokenKind> marks[] = {
        {":=", TokenKind::declare},   {"=", TokenKind::assign},      {"|", TokenKind::pipe},
        {"(", TokenKind::left_paren}, {")", TokenKind::right_paren}, {",", TokenKind::comma}};
    for (const auto& [mark, kind] : marks) {
      if (!at(mark)) continue;
      add(kind, std::string(mark), position_, position_ + mark.size());
      position_ += mark.size();
      return;
    }
    const char c = peek();
    parse_error(source_, position_,
                c >= 0x20 && c < 0x7f
                    ? fmt::format("unexpected bad character U+{:04X} '{}' in command", static_cast<unsigned>(c), c)
                    : fmt::format("unexpected bad character U+{:04X} in command", static_cast<unsigned char>(c)));
  }

  void raw_string() {
    const std::size_t close = source_.find('`', position_ + 1);
    if (close == std::string_view::npos) parse_error(source_, position_, "unterminated raw quoted string");
    add(TokenKind::string, std::string(source_.substr(position_ + 1, close - position_ - 1)), position_, close + 1);
    position_ = close + 1;
  }

  void quoted_string() {
    const std::size_t begin = position_++;
    std::string value;
    while (peek() != '"') {
      if (position_ >= source_.size() || peek() == '\n') parse_error(source_, begin, "unterminated quoted string");
      if (peek() == '\\') {
        escape(value, '"');
      } else {
        value += source_[position_++];
      }
    }
    add(TokenKind::string, std::move(value), begin, ++position_);
  }

  // 'x': an integer with the character's code.
  void character() {
    const std::size_t begin = position_++;
    std::string value;
    if (peek() == '\\') {
      escape(value, '\'');
    } else {
      while (position_ < source_.size() && peek() != '\'' && peek() != '\n') value += source_[position_++];
    }
    if (peek() != '\'' || value.empty()) parse_error(source_, begin, "unterminated character constant");
    std::uint32_t code = static_cast<unsigned char>(value.front());
    if (value.size() > 1) code &= 0xffU >> (value.size() + 1);
    for (std::size_t i = 1; i < value.size(); ++i) code = code << 6U | (static_cast<unsigned char>(value[i]) & 0x3fU);
    if (value.size() > 4 || (value.size() > 1 && !(static_cast<unsigned char>(value.front()) & 0x80U))) {
      parse_error(source_, begin, "malformed character constant");
    }
    add(TokenKind::number, std::to_string(code), begin, ++position_);
  }

  // One escape sequence of a Go string or character constant.
  void escape(std::string& value, char delimiter) {
    const std::size_t begin = position_++;
    const char c = peek();
    ++position_;
    constexpr std::string_view names = "abfnrtv\\";
    constexpr std::string_view bytes = "\a\b\f\n\r\t\v\\";
    if (c == delimiter) {
      value += c;
    } else if (const std::size_t known = c == '\0' ? std::string_view::npos : names.find(c);
               known != std::string_view::npos) {
      value += bytes[known];
    } else if (c == 'x') {
      value += static_cast<char>(escape_digits(begin, 2, 16));
    } else if (c >= '0' && c <= '7') {
      --position_;
      value += static_cast<char>(escape_digits(begin, 3, 8));
    } else if (c == 'u' || c == 'U') {
      const std::uint32_t code = escape_digits(begin, c == 'u' ? 4 : 8, 16);
      if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) parse_error(source_, begin, "invalid syntax");
      append_utf8(value, code);
    } else {
      parse_error(source_, begin, "invalid syntax");
    }
  }

  std::uint32_t escape_digits(std::size_t begin, int count, std::uint32_t base) {
    std::uint32_t code = 0;
    for (int i = 0; i < count; ++i, ++position_) {
      constexpr std::string_view digits = "0123456789abcdef0123456789ABCDEF";
      const std::size_t digit = peek() == '\0' ? std::string_view::npos : digits.find(peek());
      if (digit == std::string_view::npos || digit % 16 >= base) parse_error(source_, begin, "invalid syntax");
      code = code * base + static_cast<std::uint32_t>(digit % 16);
    }
    return code;
  }

  std::string_view source_;
  std::size_t position_ = 0;
  bool space_ = false;
  bool trim_next_ = false;
  std::vector<Token> tokens_;
};

}  // namespace

void parse_error(std::string_view source, std::size_t position, std::string_view message) {
  const std::string_view before = source.substr(0, position);
  throw Error(ErrorKind::invalid_argument, fmt::format("template parsing error: template: :{}: {}",
                                                       1 + std::count(before.begin(), before.end(), '\n'), message));
}

std::vector<Token> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace minidock::gotemplate
