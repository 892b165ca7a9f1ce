// The "local" log driver. Its files are read by minidock only; a file is a sequence of records, all numbers little
// endian:
//
//   u32 size of the body | body | u32 size of the body
//   body: i64 time (ns since the epoch) | u8 flags (1: stderr, 2: the line goes on in the stream's next record) | text
//
// The text is the line as the container has written it, without its newline: half the size of json-file, and nothing to
// escape. The size behind the body is for reading from the end.
#pragma once

#include <string>

#include "engine/shim/log_driver.h"
#include "engine/shim/rotating_file.h"

namespace minidock::shim {

inline constexpr std::size_t kLocalSizeField = 4;
inline constexpr std::size_t kLocalBodyHeader = 9;
// What a record's body may have.
inline constexpr std::size_t kMaxLocalBody = kLocalBodyHeader + kMaxLogLine + 1;

// Both numbers of a record are to be between kLocalBodyHeader and kMaxLocalBody, and the same.
std::uint32_t decode_local_size(const char* field);

struct LocalEntry {
  std::int64_t time = 0;
  bool is_stderr = false;
  bool goes_on = false;
  std::string_view text;
};
// `body` has at least kLocalBodyHeader bytes.
LocalEntry decode_local_body(std::string_view body);

class LocalLog : public LogDriver {
 public:
  // Opens or creates the file. Throws SysError.
  LocalLog(const std::string& path, FileLimits limits);

  void append(LogStream stream, std::string_view text, std::int64_t time) noexcept override;
  void flush() noexcept override;
  void rest() noexcept override { std::string().swap(batch_); }
  int helper() const noexcept override { return file_.helper(); }
  void reap_helper() noexcept override { file_.reap_helper(); }
  void end_helper() noexcept override { file_.end_helper(); }

 private:
  RotatingFile file_;
  std::string batch_;  // whole records
};

}  // namespace minidock::shim
