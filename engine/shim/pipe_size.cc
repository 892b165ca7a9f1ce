#include "engine/shim/pipe_size.h"

#include <fcntl.h>

namespace minidock::shim {
namespace {

constexpr int kBigPipe = 1 << 20;  // the kernel's own limit for users (pipe-max-size)

}  // namespace

void enlarge_pipe(int fd) noexcept {
  const int size = fcntl(fd, F_GETPIPE_SZ);
  if (size > 0 && size < kBigPipe) fcntl(fd, F_SETPIPE_SZ, kBigPipe);
}

}  // namespace minidock::shim
