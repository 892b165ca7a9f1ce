#include "names/lines.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "names/directory.h"

namespace minidock::names {
namespace {

std::size_t read_some(int fd, char* buffer, std::size_t size) {
  ssize_t got = 0;
  do {
    got = ::read(fd, buffer, size);
  } while (got < 0 && errno == EINTR);
  return static_cast<std::size_t>(std::max<ssize_t>(got, 0));
}

}  // namespace

std::string_view take_word(std::string_view& line) {
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(line.size(), word.size() + 1));
  return word;
}

void for_each_line(int fd, std::size_t limit, const std::function<bool(std::string_view)>& visit) {
  std::array<char, kLongestLine> buffer;  // not filled with zeros: only what a small file needs is touched
  std::size_t used = 0;
  bool passing_over = false;
  while (limit > 0) {
    const std::size_t got = read_some(fd, buffer.data() + used, std::min(limit, buffer.size() - used));
    if (got == 0) return;
    limit -= got;
    used += got;
    std::string_view rest(buffer.data(), used);
    for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      if (!passing_over && !visit(rest.substr(0, end))) return;
      passing_over = false;
      rest.remove_prefix(end + 1);
    }
    if (rest.size() == buffer.size()) {
      passing_over = true;
      rest = {};
    }
    std::memmove(buffer.data(), rest.data(), rest.size());
    used = rest.size();
  }
}

}  // namespace minidock::names
