// Files of lines of words between single spaces.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace minidock::names {

// Takes the next word off `line`; empty when there is none.
std::string_view take_word(std::string_view& line);

// Calls `visit` with each line of what `fd` (borrowed) reads, without its end, until that returns false. A line without
// an end, and one longer than kLongestLine, is passed over. Ends quietly after `limit` bytes or when nothing more can
// be read. Uses kLongestLine bytes of stack and no other memory, however long the file is.
void for_each_line(int fd, std::size_t limit, const std::function<bool(std::string_view)>& visit);

}  // namespace minidock::names
