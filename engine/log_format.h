// The two formats of a container's log file: lines of JSON (json-file) and records (engine/shim/local_log.h).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace minidock {

struct LogEntry {
  std::string text;  // with its line end, unless the line goes on in the next entry
  bool is_stderr = false;
  std::int64_t time = 0;  // ns since the epoch
  std::map<std::string, std::string> attributes;
};

enum class LogFormat { json_lines, records };

// The bytes of the first entry of `data`, 0 when it is not whole. What makes no sense, and leaves no way to tell where
// the next entry begins, is taken as one entry.
std::size_t entry_size(LogFormat format, std::string_view data);

// Nothing for a damaged entry: half of one at the end of a full disk, or an edited file.
std::optional<LogEntry> decode_entry(LogFormat format, std::string_view entry);

struct LogTail {
  off_t offset = 0;          // where the entries begin
  std::int64_t entries = 0;  // how many there are, at most as many as asked for
};
// The last `wanted` entries of a whole file.
LogTail find_tail(LogFormat format, int fd, std::int64_t wanted);

}  // namespace minidock
