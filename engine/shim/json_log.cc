#include "engine/shim/json_log.h"

#include <array>

#include "base/format.h"
#include "base/syscall.h"
#include "engine/shim/json_escape.h"

namespace minidock::shim {
namespace {

// A batch is written when it gets this long.
constexpr std::size_t kMaxBatch = 64 * 1024;
// Keys, stream and time of one entry.
constexpr std::size_t kEntryOverhead = 128;

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

std::string json_string(std::string_view text) {
  std::string result(escaped_room(text.size()), '\0');
  result.resize(static_cast<std::size_t>(escape_json(text, result.data()) - result.data()));
  return "\"" + result + "\"";
}

std::string attributes_member(const std::map<std::string, std::string>& attributes) {
  if (attributes.empty()) return "";
  std::string members;
  for (const auto& [key, value] : attributes) {
    members += (members.empty() ? "" : ",") + json_string(key) + ":" + json_string(value);
  }
  return ",\"attrs\":{" + members + "}";
}

}  // namespace

JsonLog::JsonLog(const std::string& path, FileLimits limits, const std::map<std::string, std::string>& attributes)
    : file_(path, std::move(limits), whole_lines),
      attributes_(attributes_member(attributes)),
      room_(kMaxBatch + escaped_room(kMaxLogLine + 1) + attributes_.size() + kEntryOverhead) {}

void JsonLog::append(LogStream stream, std::string_view text, std::int64_t time) noexcept {
  if (time != time_ || time_text_.empty()) {
    time_ = time;
    time_text_ = format::rfc3339_nano(time);
  }
  if (!batch_) batch_ = std::make_unique_for_overwrite<char[]>(room_);
  put("{\"log\":\"");
  end_ = static_cast<std::size_t>(escape_json(text, batch_.get() + end_) - batch_.get());
  put(stream == LogStream::out ? "\",\"stream\":\"stdout\"" : "\",\"stream\":\"stderr\"");
  put(attributes_);
  put(",\"time\":\"");
  put(time_text_);
  put("\"}\n");
  if (end_ > kMaxBatch || file_.full_with(end_)) flush();
}

void JsonLog::flush() noexcept {
  if (end_ == 0) return;
  file_.append({batch_.get(), end_});
  end_ = 0;
}

}  // namespace minidock::shim
