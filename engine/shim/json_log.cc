#include "engine/shim/json_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/format.h"
#include "base/syscall.h"

namespace minidock::shim {
namespace {

// The batch is written when it gets this long, and its memory given back: a shim is to stay small.
constexpr std::size_t kMaxBatch = 16 * 1024;
constexpr std::size_t kMaxKeptBatch = 4 * kMaxBatch;

constexpr std::string_view kHex = "0123456789abcdef";

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; }

// Length of the well-formed UTF-8 sequence (Unicode 15, table 3-7) at the start of `text`; 0 for none.
std::size_t utf8_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xc2 && lead <= 0xdf   ? 2
                             : lead >= 0xe0 && lead <= 0xef ? 3
                             : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                            : 0;
  if (length == 0 || text.size() < length) return 0;
  // No overlong forms, surrogates, or anything beyond U+10FFFF: all show in the second byte.
  const auto second = static_cast<unsigned char>(text[1]);
  const unsigned char lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned char highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  return length;
}

void append_escaped_ascii(char c, std::string& out) {
  switch (c) {
    case '"':
    case '\\':
      out += '\\';
      out += c;
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    default:
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 0xfU];
  }
}

// docker escapes what could end a script element, too.
bool is_plain_ascii(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

// Where to cut a line that is too long: not inside of a character.
std::size_t cut_position(std::string_view line) {
  std::size_t position = kMaxLogLine;
  while (position > kMaxLogLine - 3 && is_continuation(line[position])) --position;
  return is_continuation(line[position]) ? kMaxLogLine : position;
}

// Length of the file up to and with its last newline.
off_t whole_lines(int fd, off_t size) {
  std::array<char, 4096> block{};
  while (size > 0) {
    const off_t start = std::max<off_t>(0, size - static_cast<off_t>(block.size()));
    const std::string_view data(block.data(),
                                sys::pread(fd, block.data(), static_cast<std::size_t>(size - start), start));
    const std::size_t newline = data.rfind('\n');
    if (newline != std::string_view::npos) return start + static_cast<off_t>(newline) + 1;
    size = start;
  }
  return 0;
}

}  // namespace

void append_json_escaped(std::string_view text, std::string& out) {
  std::size_t i = 0;
  while (i < text.size()) {
    std::size_t run = i;
    while (run < text.size() && is_plain_ascii(text[run])) ++run;
    out.append(text, i, run - i);
    i = run;
    if (i == text.size()) break;
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      append_escaped_ascii(text[i++], out);
      continue;
    }
    const std::string_view rest = text.substr(i);
    const std::size_t length = utf8_length(rest);
    if (length == 0) {
      out += "\\ufffd";
    } else if (rest.starts_with("\u2028") || rest.starts_with("\u2029")) {
      out += rest[2] == '\xa8' ? "\\u2028" : "\\u2029";  // line ends to JavaScript, not to JSON
    } else {
      out.append(rest, 0, length);
    }
    i += std::max<std::size_t>(length, 1);
  }
}

JsonLog JsonLog::open(const std::string& path) {
  JsonLog log;
  log.file_ = sys::open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, 0640);
  sys::fchmod(log.file_.get(), 0640);
  const off_t size = sys::fstat(log.file_.get()).st_size;
  log.size_ = whole_lines(log.file_.get(), size);
  if (log.size_ != size) sys::ftruncate(log.file_.get(), log.size_);
  return log;
}

void JsonLog::write(LogStream stream, std::string_view data) {
  if (!file_) return;
  time_ = format::rfc3339_nano(format::now_ns());
  std::string& incomplete = incomplete_[static_cast<std::size_t>(stream)];
  while (!data.empty()) {
    const std::size_t newline = data.find('\n');
    const std::size_t end = newline == std::string_view::npos ? data.size() : newline + 1;
    // Never more than one cut's worth is collected, so that a program without newlines cannot make the shim grow.
    const std::size_t take = std::min(end, kMaxLogLine + 1 - incomplete.size());
    std::string_view line = data.substr(0, take);
    if (!incomplete.empty()) line = incomplete.append(line);
    data.remove_prefix(take);
    const bool whole = line.back() == '\n' && line.size() <= kMaxLogLine + 1;
    if (whole) {
      append_entry(stream, line);
      std::string().swap(incomplete);
    } else if (line.size() > kMaxLogLine) {
      const std::size_t cut = cut_position(line);
      append_entry(stream, line.substr(0, cut));
      incomplete = std::string(line.substr(cut));
    } else if (incomplete.empty()) {
      incomplete = line;
    }
  }
  flush();
}

void JsonLog::end(LogStream stream) {
  if (!file_) return;
  std::string& incomplete = incomplete_[static_cast<std::size_t>(stream)];
  time_ = format::rfc3339_nano(format::now_ns());
  if (!incomplete.empty()) append_entry(stream, incomplete);
  std::string().swap(incomplete);
  flush();
}

void JsonLog::append_entry(LogStream stream, std::string_view line) {
  batch_ += "{\"log\":\"";
  append_json_escaped(line, batch_);
  batch_ += stream == LogStream::out ? "\",\"stream\":\"stdout\",\"time\":\"" : "\",\"stream\":\"stderr\",\"time\":\"";
  batch_ += time_;
  batch_ += "\"}\n";
  if (batch_.size() > kMaxBatch) flush();
}

void JsonLog::flush() {
  const char* data = batch_.data();
  std::size_t left = batch_.size();
  while (left > 0) {
    const ssize_t written = ::write(file_.get(), data, left);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    data += written;
    left -= static_cast<std::size_t>(written);
  }
  if (left == 0) {
    size_ += static_cast<std::int64_t>(batch_.size());
  } else {
    // Half an entry would spoil the next one. Should this fail, the next opening cuts it.
    [[maybe_unused]] const int ignored = ::ftruncate(file_.get(), size_);
  }
  batch_.clear();
  if (batch_.capacity() > kMaxKeptBatch) std::string().swap(batch_);
}

}  // namespace minidock::shim
