// Reading a container's json-file log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"

namespace minidock {

struct LogEntry {
  std::string text;  // with its line end
  bool is_stderr = false;
  std::int64_t time = 0;  // ns since the epoch
};

class LogReader {
 public:
  // Starts at the last `tail` records, or at the beginning. An absent file is an empty log.
  LogReader(const std::string& path, std::optional<std::int64_t> tail);

  // The next whole record that is there now; a damaged line is skipped.
  std::optional<LogEntry> next();

 private:
  bool fill();

  std::string path_;
  Fd fd_;
  std::string buffer_;
  std::size_t consumed_ = 0;
};

}  // namespace minidock
