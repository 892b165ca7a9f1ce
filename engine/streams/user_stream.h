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

  bool is_pipe() const { return is_pipe_; }
  bool is_file() const { return is_file_; }

 private:
  enum class Kind { never_blocks, socket, reopened, only_polled };
  int fd_;
  Fd own_;
  Kind kind_ = Kind::never_blocks;
  bool is_pipe_ = false;  // that can be moved from or to without blocking
  bool is_file_ = false;  // a regular one
};

// One of the user's output streams. What it does not take at once stays pending in the caller's buffer.
class UserOutput {
 public:
  // A stream that nobody wants drops everything.
  UserOutput(int fd, bool wanted);

  // Begins to write `data`, which must stay where it is until pending() is false.
  void write(std::string_view data);
  bool pending() const { return !rest_.empty() || full_; }

  // Whether move_from() works: into a pipe, bytes can be moved without copying them.
  bool can_move() const { return open_ && stream_.is_pipe() && !must_copy_; }
  // Moves at most `size` bytes from a socket; nothing when there are none at the moment, or when the pipe is full
  // (then pending() is true) or cannot be moved to after all. 0 at the end of the socket.
  std::optional<std::size_t> move_from(int socket, std::size_t size);

  int fd() const { return stream_.fd(); }
  void flush();

 private:
  UserStream stream_;
  bool open_;
  std::string_view rest_;
  bool must_copy_ = false;
  bool full_ = false;
};

}  // namespace minidock::streams
