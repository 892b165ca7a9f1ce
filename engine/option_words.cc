#include "engine/option_words.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/path.h"

namespace minidock::options {

void invalid(const std::string& message) { throw Error(ErrorKind::invalid_argument, message); }

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  for (;;) {
    const std::size_t end = text.find(separator, start);
    parts.push_back(text.substr(start, end - start));
    if (end == std::string::npos) return parts;
    start = end + 1;
  }
}

std::optional<bool> parse_bool(const std::string& text) {
  for (const char* yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (const char* no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

void check_destination(const std::string& destination) {
  if (!destination.starts_with('/')) {
    invalid(fmt::format("invalid mount path: '{}' mount path must be absolute", destination));
  }
  if (path::clean_absolute(destination) == "/") invalid("invalid specification: destination can't be '/'");
}

}  // namespace minidock::options
