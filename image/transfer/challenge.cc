// WWW-Authenticate: a list of schemes, each with comma separated parameters, so a comma ends a parameter or a
// challenge.
#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "image/transfer/registry.h"

namespace minidock::image {
namespace {

bool is_token_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ >= text_.size(); }
  bool take(char wanted) {
    if (at_end() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void skip_separators() {
    while (!at_end() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == ',')) ++at_;
  }
  std::string token() {
    const std::size_t first = at_;
    while (!at_end() && is_token_char(text_[at_])) ++at_;
    return std::string(text_.substr(first, at_ - first));
  }
  std::string value() {
    if (!take('"')) return token();
    std::string result;
    while (!at_end() && text_[at_] != '"') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      result += text_[at_++];
    }
    take('"');
    return result;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<Challenge> parse_challenges(std::string_view header) {
  std::vector<Challenge> result;
  Scanner scanner(header);
  for (scanner.skip_separators(); !scanner.at_end(); scanner.skip_separators()) {
    const std::string word = lower_case(scanner.token());
    if (word.empty()) break;  // malformed: what was understood so far counts
    if (!scanner.take('=')) {
      result.push_back({word, {}});
    } else if (!result.empty()) {
      result.back().parameters.emplace(word, scanner.value());
    }
  }
  return result;
}

}  // namespace minidock::image
