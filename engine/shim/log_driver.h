// Where a container's output is kept: one file a driver, one interface for the shim's loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace minidock::shim {

enum class LogStream : std::uint8_t { out = 0, err = 1 };

// Longer lines are cut into several entries; only the last one's text ends in a newline.
inline constexpr std::size_t kMaxLogLine = 16 * 1024;

// None of it throws: a log that cannot be written (disk full, no journal) loses entries, and never stops the container
// or spoils what is in the log already.
class LogDriver {
 public:
  virtual ~LogDriver() = default;

  // One entry: a line with its newline, or a piece of a line without one; at most kMaxLogLine bytes and the newline.
  // `time` is in ns since the epoch.
  virtual void append(LogStream stream, std::string_view text, std::int64_t time) noexcept = 0;
  // Writes out what was appended.
  virtual void flush() noexcept = 0;
  // Gives memory back while there is nothing to do.
  virtual void rest() noexcept {}

  // A helper process at work on the log: readable when it has ended, -1 for none.
  virtual int helper() const noexcept { return -1; }
  // To be called when it has ended.
  virtual void reap_helper() noexcept {}
  // No more helpers from now on: the container's directory may be removed at any time.
  virtual void end_helper() noexcept {}
};

}  // namespace minidock::shim
