#pragma once

#include <cstddef>
#include <string_view>

namespace minidock::shim {

// Space that escaped text may take at most, with what escape_json() uses for writing in whole words.
constexpr std::size_t escaped_room(std::size_t size) { return 6 * size + 16; }

// Writes `text` to `out` as the inside of a JSON string, escaped as docker does: bytes that are not UTF-8 become
// U+FFFD. `out` has room for escaped_room(text.size()). Returns the end of what it has written.
char* escape_json(std::string_view text, char* out);

}  // namespace minidock::shim
