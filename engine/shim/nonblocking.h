#pragma once

namespace minidock::shim {

// For descriptors whose open file description is ours alone: O_NONBLOCK belongs to the description. Throws SysError.
void set_nonblocking(int fd);

}  // namespace minidock::shim
