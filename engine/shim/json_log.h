// docker's json-file log: one line a line of output, {"log":"…\n","stream":"stdout","time":"RFC3339Nano"}.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"

namespace minidock::shim {

enum class LogStream : std::uint8_t { out = 0, err = 1 };

// Longer lines are cut into several entries; only the last one's text ends in a newline.
inline constexpr std::size_t kMaxLogLine = 16 * 1024;

// Appends `text` to `out` as the inside of a JSON string, escaped as docker does: bytes that are not UTF-8 become
// U+FFFD.
void append_json_escaped(std::string_view text, std::string& out);

class JsonLog {
 public:
  // A log that keeps nothing.
  JsonLog() = default;
  // Opens or creates the file (0640). A last line that a killed shim left incomplete is cut off. Throws SysError.
  static JsonLog open(const std::string& path);

  // Takes what a stream has written; an incomplete line waits for its rest. A file that cannot be written (disk full)
  // loses entries, never the container's output to others: failures are silent, the file stays valid.
  void write(LogStream stream, std::string_view data);
  // The stream has ended: writes out its incomplete line.
  void end(LogStream stream);

 private:
  void append_entry(LogStream stream, std::string_view line);
  void flush();

  Fd file_;
  std::int64_t size_ = 0;  // of the file up to its last whole entry
  std::array<std::string, 2> incomplete_;
  std::string time_;   // of the data at hand
  std::string batch_;  // whole entries
};

}  // namespace minidock::shim
