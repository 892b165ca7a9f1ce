#include "image/transfer/change_words.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace minidock::image {

std::string trim(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string> split_words(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\\' && quote != '\'' && at + 1 < text.size()) {
      word += text[++at];
      in_word = true;
    } else if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
      in_word = true;
    } else if (c == ' ' || c == '\t') {
      if (in_word) words.push_back(std::exchange(word, ""));
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote != 0) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("unexpected end of statement while looking for matching {} in: {}", quote, text));
  }
  if (in_word) words.push_back(word);
  return words;
}

std::optional<std::vector<std::string>> json_form(const std::string& text) {
  if (text.empty() || text.front() != '[') return std::nullopt;
  try {
    const Json list = json::parse(text, "list");
    std::vector<std::string> result;
    for (const Json& item : list) {
      if (!item.is_string()) return std::nullopt;
      result.push_back(item.get<std::string>());
    }
    return result;
  } catch (const Error&) {
    return std::nullopt;  // as in a Dockerfile: what is not JSON is the shell form
  }
}

Instruction parse_instruction(const std::string& line) {
  const std::string trimmed = trim(line);
  const std::size_t blank = trimmed.find_first_of(" \t");
  Instruction result{trimmed.substr(0, blank), blank == std::string::npos ? "" : trim(trimmed.substr(blank))};
  result.name = upper_case(result.name);
  return result;
}

}  // namespace minidock::image
