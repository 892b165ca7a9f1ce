#include "engine/shim/container_input.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "engine/shim/nonblocking.h"
#include "engine/shim/pipe_size.h"

namespace minidock::shim {
namespace {

constexpr std::size_t kBufferSize = 64 * 1024;

}  // namespace

ContainerInput ContainerInput::to_pipe(Fd pipe) {
  ContainerInput input;
  set_nonblocking(pipe.get());
  input.target_ = pipe.get();
  input.pipe_ = std::move(pipe);
  return input;
}

ContainerInput ContainerInput::to_terminal(int master) {
  ContainerInput input;
  input.target_ = master;
  return input;
}

std::span<char> ContainerInput::space() {
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(kBufferSize);
  return {buffer_.get(), kBufferSize};
}

std::optional<std::size_t> ContainerInput::move_from(int socket, std::size_t size) {
  for (;;) {
    const ssize_t moved = ::splice(socket, nullptr, target_, nullptr, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (moved >= 0) return static_cast<std::size_t>(moved);
    if (errno == EINTR) continue;
    if (errno == EPIPE) {
      close();  // the container has closed it
    } else if (errno != EAGAIN) {
      must_copy_ = true;
    } else if (pollfd pipe{target_, POLLOUT, 0}; ::poll(&pipe, 1, 0) == 0) {
      // The socket has more, but the pipe is full.
      if (!enlarged_) {
        enlarged_ = true;
        enlarge_pipe(target_);
        continue;
      }
      full_ = true;
    }
    return std::nullopt;
  }
}

void ContainerInput::put(std::size_t size) {
  begin_ = 0;
  end_ = size;
  flush();
}

void ContainerInput::finish() {
  finishing_ = true;
  if (has_room() && pipe_) close();
}

void ContainerInput::flush() {
  full_ = false;
  while (begin_ < end_) {
    const ssize_t written =
        target_ < 0 ? static_cast<ssize_t>(end_ - begin_) : ::write(target_, buffer_.get() + begin_, end_ - begin_);
    if (written > 0) {
      begin_ += static_cast<std::size_t>(written);
    } else if (written == 0 || errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      close();  // EPIPE, EIO: the container has closed it
      return;
    }
  }
  if (finishing_ && pipe_) close();
}

void ContainerInput::close() {
  begin_ = end_ = 0;
  full_ = false;
  target_ = -1;
  pipe_.reset();
}

}  // namespace minidock::shim
