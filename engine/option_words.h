// What the parsers of options share.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace minidock::options {

// ErrorKind::invalid_argument
[[noreturn]] void invalid(const std::string& message);

// Always at least one part.
std::vector<std::string> split(const std::string& text, char separator);

// Go's strconv.ParseBool, which docker reads truth with; nothing for another word.
std::optional<bool> parse_bool(const std::string& text);

// A mount's place in a container: docker's words for one that is not absolute, or "/".
void check_destination(const std::string& destination);

}  // namespace minidock::options
