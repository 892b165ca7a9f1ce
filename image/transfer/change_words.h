// The words of a Dockerfile instruction, as `commit --change` and `import --change` take it.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace minidock::image {

// Without the blanks around it.
std::string trim(const std::string& text);

// Words separated by blanks; quotes group, a backslash takes the next character as it is. ErrorKind::invalid_argument
// for a quote without its end.
std::vector<std::string> split_words(const std::string& text);

// The JSON form ["a", "b"]; nothing when the text is not that.
std::optional<std::vector<std::string>> json_form(const std::string& text);

struct Instruction {
  std::string name;  // "CMD" of " cmd true"
  std::string text;  // the rest
};

Instruction parse_instruction(const std::string& line);

}  // namespace minidock::image
