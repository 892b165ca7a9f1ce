// A pty of the container's own devpts.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "base/fd.h"

namespace minidock::runtime {

struct Terminal {
  Fd master;
  Fd slave;
};

// `devpts` is a directory of a devpts file system (checked): what else a container mounted there is refused.
Terminal child_open_terminal(int devpts, std::uint16_t rows, std::uint16_t columns);

// The slave becomes the controlling terminal and the standard streams; it belongs to `owner` from now on. The caller
// leads a session.
void child_take_terminal(int slave, uid_t owner);

}  // namespace minidock::runtime
