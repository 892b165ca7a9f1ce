#include "engine/shim/nonblocking.h"

#include <fcntl.h>
#include <fmt/format.h>

#include "base/error.h"

namespace minidock::shim {

void set_nonblocking(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
    throw SysError(fmt::format("fcntl({}, F_SETFL, O_NONBLOCK)", fd));
  }
}

}  // namespace minidock::shim
