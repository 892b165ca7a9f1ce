// The events of an instance in the order in which they were written: first what the files hold, then, on and on, what
// is added.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/fd.h"
#include "engine/shim/event_log.h"

namespace minidock {

class EventReader {
 public:
  enum class From { oldest, now };
  EventReader(const std::string& state_root, From from);

  // The next one; nothing when there is none yet. Lines that are no events (a write that the disk cut off) are skipped.
  std::optional<shim::Event> next();

  // Becomes readable when there may be more.
  int notifier() const { return inotify_.get(); }
  // To be called when it is readable. ErrorKind::unavailable when the state directory was removed.
  void take_notice();

 private:
  bool open(const std::string& path);
  bool read_more();
  bool advance();

  std::string state_root_;
  Fd inotify_;
  Fd file_;
  ino_t inode_ = 0;
  std::string buffer_;
  std::size_t start_ = 0;  // of the first line not yet given
};

}  // namespace minidock
