#include "engine/streams/detach_keys.h"

#include <fmt/format.h>

#include "base/error.h"
#include "engine/streams/client_streams.h"

namespace minidock::streams {
namespace {

constexpr std::string_view kDefaultKeys = "ctrl-p,ctrl-q";

// "ctrl-a" … "ctrl-z", "ctrl-@", "ctrl-[", "ctrl-\", "ctrl-]", "ctrl-^", "ctrl-_"; -1 for no such key.
int control_character(std::string_view key) {
  if (key.size() != 6 || !key.starts_with("ctrl-")) return -1;
  const char c = key[5];
  if (c >= 'a' && c <= 'z') return c - 'a' + 1;
  if (c == '@') return 0;
  if (c >= '[' && c <= '_') return c - '[' + 27;
  return -1;
}

}  // namespace

void ClientOptions::set_detach_keys(const std::string& keys) {
  if (keys.empty()) return;
  parse_detach_keys(keys);
  detach_keys = keys;
}

std::string parse_detach_keys(const std::string& keys) {
  const std::string_view given = keys.empty() ? kDefaultKeys : std::string_view(keys);
  std::string sequence;
  std::size_t position = 0;
  while (position <= given.size()) {
    std::size_t comma = given.find(',', position);
    if (comma == std::string_view::npos) comma = given.size();
    const std::string_view key = given.substr(position, comma - position);
    const int control = control_character(key);
    if (key.size() == 1) {
      sequence += key;
    } else if (control >= 0) {
      sequence += static_cast<char>(control);
    } else {
      throw Error(
          ErrorKind::invalid_argument,
          fmt::format("Invalid detach keys ({}) provided: \"{}\" is neither one character nor \"ctrl-\" and one of "
                      "a-z @ [ \\ ] ^ _",
                      keys, key));
    }
    position = comma + 1;
  }
  return sequence;
}

bool DetachKeys::feed(std::string_view typed, std::string& out) {
  for (const char c : typed) {
    held_ += c;
    // As long as what is held cannot become the sequence, its first byte is only itself.
    while (!held_.empty() && !sequence_.starts_with(held_)) {
      out += held_.front();
      held_.erase(0, 1);
    }
    if (!sequence_.empty() && held_ == sequence_) {
      held_.clear();
      return true;
    }
  }
  return false;
}

}  // namespace minidock::streams
