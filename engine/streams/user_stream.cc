#include "engine/streams/user_stream.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "engine/shim/pipe_size.h"

namespace minidock::streams {
namespace {

// The result of a call, or nothing when it would have blocked.
std::optional<ssize_t> result_of(ssize_t result) {
  if (result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return std::nullopt;
  return result;
}

}  // namespace

UserStream::UserStream(int fd, int access) : fd_(fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return;
  const bool terminal = S_ISCHR(status.st_mode) && isatty(fd) == 1;
  is_file_ = S_ISREG(status.st_mode);
  if (S_ISSOCK(status.st_mode)) {
    kind_ = Kind::socket;
  } else if (S_ISFIFO(status.st_mode) || terminal) {
    // May fail for a terminal that has hung up, or was passed from another mount namespace: then poll has to do.
    own_.reset(::open(fmt::format("/proc/self/fd/{}", fd).c_str(), access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    kind_ = own_ ? Kind::reopened : Kind::only_polled;
    is_pipe_ = own_ && S_ISFIFO(status.st_mode);
  }
}

std::optional<ssize_t> UserStream::read(std::span<char> space) const {
  if (kind_ == Kind::socket) return result_of(::recv(fd_, space.data(), space.size(), MSG_DONTWAIT));
  return result_of(::read(fd(), space.data(), space.size()));
}

std::optional<ssize_t> UserStream::write(std::string_view data) const {
  if (kind_ == Kind::socket) return result_of(::send(fd_, data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
  if (kind_ != Kind::only_polled) return result_of(::write(fd(), data.data(), data.size()));
  // A pipe that polls writable takes PIPE_BUF bytes without blocking; anything bigger could block.
  pollfd ready{fd_, POLLOUT, 0};
  if (::poll(&ready, 1, 0) == 0) return std::nullopt;
  return result_of(::write(fd_, data.data(), std::min<std::size_t>(data.size(), PIPE_BUF)));
}

UserOutput::UserOutput(int fd, bool wanted) : stream_(fd, O_WRONLY), open_(wanted) {}

void UserOutput::write(std::string_view data) {
  rest_ = data;
  flush();
}

std::optional<std::size_t> UserOutput::move_from(int socket, std::size_t size) {
  for (;;) {
    const ssize_t moved = ::splice(socket, nullptr, stream_.fd(), nullptr, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (moved >= 0) return static_cast<std::size_t>(moved);
    if (errno == EINTR) continue;
    if (errno == EPIPE) {
      open_ = false;
    } else if (errno != EAGAIN) {
      must_copy_ = true;
    } else {
      // Either the socket is empty, or the pipe is full.
      pollfd pipe{stream_.fd(), POLLOUT, 0};
      full_ = ::poll(&pipe, 1, 0) == 0;
      if (full_) shim::enlarge_pipe(stream_.fd());
    }
    return std::nullopt;
  }
}

void UserOutput::flush() {
  full_ = false;
  while (open_ && !rest_.empty()) {
    const std::optional<ssize_t> written = stream_.write(rest_);
    if (!written) return;
    // EPIPE as in `| head`, or a full disk: as with docker the rest is not wanted, and the container must not be held
    // up.
    if (*written < 0) open_ = false;
    if (*written > 0) rest_.remove_prefix(static_cast<std::size_t>(*written));
  }
  rest_ = {};
}

}  // namespace minidock::streams
