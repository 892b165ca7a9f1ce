// Reading a container's log, whichever driver keeps it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/log_format.h"

namespace minidock {

struct LogQuery {
  bool follow = false;
  std::optional<std::int64_t> tail;   // entries; nothing for all
  std::optional<std::int64_t> since;  // ns since the epoch: older entries need not be given
};

class LogReader {
 public:
  virtual ~LogReader() = default;

  // The next entry that is there now.
  virtual std::optional<LogEntry> next() = 0;
  // Readable when there may be more.
  virtual int news() const = 0;
  // Nobody writes any more: makes sure that next() gives everything.
  virtual void writer_has_ended() {}
};

// The log of an entry a line or record at `path`, and its rotated predecessors. A log that is not there is empty.
std::unique_ptr<LogReader> open_log_file(LogFormat format, const std::string& path, const LogQuery& query);

// What the journal has of a container; journalctl(1) reads it.
std::unique_ptr<LogReader> open_journal(const std::string& container_id, const LogQuery& query);

}  // namespace minidock
