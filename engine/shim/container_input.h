// What goes into a container: its standard input, or the keyboard side of its terminal.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "base/fd.h"

namespace minidock::shim {

// Holds at most one buffer: as long as the container does not read, nobody is asked for more. Into a pipe, input is
// moved without copying it.
class ContainerInput {
 public:
  // Input that nobody reads: everything is dropped.
  ContainerInput() = default;
  // `pipe` is owned; it is made non-blocking.
  static ContainerInput to_pipe(Fd pipe);
  // `master` is borrowed and non-blocking.
  static ContainerInput to_terminal(int master);

  // True when the next piece may be put into space().
  bool has_room() const { return begin_ == end_ && !full_; }

  // Whether move_from() works: the input goes into a pipe, and the kernel can do it.
  bool can_move() const { return pipe_ && !must_copy_; }
  // Moves at most `size` bytes from a socket into the pipe; nothing when there are none at the moment, or when it has
  // no room any more (see has_room()) or cannot move after all. 0 at the end of the socket.
  std::optional<std::size_t> move_from(int socket, std::size_t size);

  std::span<char> space();
  // The first `size` bytes of space() are input; writes what the container takes.
  void put(std::size_t size);
  // No more input: closes a pipe once everything is written. A terminal has no end.
  void finish();

  // The descriptor to wait on until it is writable; -1 when nothing is pending.
  int pending_fd() const { return has_room() ? -1 : target_; }
  void flush();
  // Everything that is pending or comes later is dropped.
  void close();

 private:
  Fd pipe_;
  int target_ = -1;
  bool finishing_ = false;
  bool must_copy_ = false;
  bool full_ = false;  // the pipe has not taken everything that could have been moved
  bool enlarged_ = false;
  std::unique_ptr<char[]> buffer_;  // from the first input on
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace minidock::shim
