#pragma once

namespace minidock::shim {

// Gives a pipe the room of a fast stream, for which the usual 64 KiB mean a change of process every few microseconds.
// Only for pipes that were seen full: the kernel's table of a big one takes memory while it is empty, too. Not possible
// for what is no pipe, or beyond the user's limit: then nothing changes.
void enlarge_pipe(int fd) noexcept;

}  // namespace minidock::shim
