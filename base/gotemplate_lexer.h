// Text of a template → tokens. Source of the rules: the package documentation of text/template.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace minidock::gotemplate {

enum class TokenKind {
  text,         // between actions, trimmed already
  left,         // {{
  right,        // }}
  field,        // .Name; `text` without the dot
  dot,          // . alone
  variable,     // $ or $name
  identifier,   // name of a function, true, false, nil or a keyword
  string,       // "…" or `…`; `text` is the value
  number,       // also a character constant, as its decimal code
  declare,      // :=
  assign,       // =
  pipe,         // |
  left_paren,   // (
  right_paren,  // )
  comma,        // ,
  end,          // end of the template
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;          // the value
  std::size_t position = 0;  // offset of the first byte in the template
  std::size_t finish = 0;    // offset behind the last
  bool space_before = false;
};

// The parser's and the lexer's error: "template parsing error: template: :LINE: message".
[[noreturn]] void parse_error(std::string_view source, std::size_t position, std::string_view message);

std::vector<Token> tokenize(std::string_view source);

}  // namespace minidock::gotemplate
