// A log file that is rotated when it is full (see base/rotated_files.h), and whose predecessors are compressed by a
// helper process: that neither grows the shim nor holds up the container.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace minidock::shim {

struct FileLimits {
  std::int64_t max_size = 0;  // bytes; 0: never rotated
  unsigned max_files = 1;
  std::vector<std::string> compress_command;  // argv; empty: predecessors stay as they are
};

class RotatingFile {
 public:
  // Up to where the first `size` bytes of a log are whole entries.
  using WholeEntries = off_t (*)(int fd, off_t size);

  // Opens or creates the file (0640). A last entry that a killed shim left incomplete is cut off. Throws SysError.
  RotatingFile(std::string path, FileLimits limits, WholeEntries whole_entries);
  RotatingFile(const RotatingFile&) = delete;
  RotatingFile& operator=(const RotatingFile&) = delete;
  ~RotatingFile() { end_helper(); }

  // Whether the file is due for rotation with `more` bytes in it: they are to be appended before anything follows.
  bool full_with(std::size_t more) const {
    return limits_.max_size > 0 && size_ + static_cast<std::int64_t>(more) >= limits_.max_size;
  }
  // Appends whole entries: all of them in one file, or (disk full) some lost and none cut.
  void append(std::string_view entries) noexcept;

  int helper() const noexcept { return helper_.get(); }
  void reap_helper() noexcept;
  void end_helper() noexcept;

 private:
  void rotate();
  void start_helper();

  std::string path_;
  FileLimits limits_;
  Fd file_;
  std::int64_t size_ = 0;       // as it was at the last append
  std::int64_t rotate_at_ = 0;  // further on after a rotation that failed
  Fd helper_;                   // pidfd
  pid_t helper_pid_ = 0;
};

}  // namespace minidock::shim
