// The user's own standard streams: shared with their shell, so O_NONBLOCK must never be set on them, and still no read
// or write may block the relay.
#pragma once

#include <sys/types.h>

#include <optional>
#include <span>
#include <string_view>

#include "base/fd.h"

namespace minidock::streams {

class UserStream {
 public:
  // `fd` is borrowed. A pipe or terminal is opened a second time, which gives an open file description of our own that
  // may be non-blocking; a socket is told with each call; a regular file never blocks.
  UserStream(int fd, int access);  // access: O_RDONLY or O_WRONLY

  // The descriptor to poll.
  int fd() const { return own_ ? own_.get() : fd_; }
  // As read(2) and write(2), but nothing for "would block".
  std::optional<ssize_t> read(std::span<char> space) const;
  std::optional<ssize_t> write(std::string_view data) const;

 private:
  enum class Kind { never_blocks, socket, reopened, only_polled };
  int fd_;
  Fd own_;
  Kind kind_ = Kind::never_blocks;
};

// One of the user's output streams. What it does not take at once stays pending in the caller's buffer.
class UserOutput {
 public:
  // A stream that nobody wants drops everything.
  UserOutput(int fd, bool wanted);

  // Begins to write `data`, which must stay where it is until pending() is false.
  void write(std::string_view data);
  bool pending() const { return !rest_.empty(); }
  int fd() const { return stream_.fd(); }
  void flush();

 private:
  UserStream stream_;
  bool open_;
  std::string_view rest_;
};

}  // namespace minidock::streams
