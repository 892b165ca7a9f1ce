#include "engine/shim/container_input.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "engine/shim/nonblocking.h"

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
  target_ = -1;
  pipe_.reset();
}

}  // namespace minidock::shim
