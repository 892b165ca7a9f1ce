#include "base/random.h"

#include <sys/random.h>

#include <algorithm>
#include <vector>

#include "base/error.h"

namespace minidock::random {
namespace {

void fill(void* buffer, std::size_t size) {
  if (getrandom(buffer, size, 0) != static_cast<ssize_t>(size)) throw SysError("getrandom");
}

}  // namespace

std::string hex(std::size_t bytes) {
  std::vector<unsigned char> raw(bytes);
  fill(raw.data(), raw.size());
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes * 2);
  for (const unsigned char byte : raw) {
    text += digits[byte >> 4U];
    text += digits[byte & 0xfU];
  }
  return text;
}

std::uint32_t below(std::uint32_t bound) {
  // Values past the last whole multiple of `bound` are drawn again, so that no result is more likely than another.
  const std::uint64_t limit = (std::uint64_t{1} << 32U) / bound * bound;
  std::uint32_t value = 0;
  do {
    fill(&value, sizeof value);
  } while (value >= limit);
  return value % bound;
}

std::string object_id() {
  for (;;) {
    std::string id = hex(32);
    const bool numeric = std::all_of(id.begin(), id.begin() + 12, [](char c) { return c >= '0' && c <= '9'; });
    if (!numeric) return id;
  }
}

}  // namespace minidock::random
