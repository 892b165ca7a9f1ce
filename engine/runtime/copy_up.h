// A new volume starts with what the image has in its place.
#pragma once

#include <string>

namespace minidock::runtime {

// Copies what the rootfs has at `destination` into the volume (a mount descriptor), with the directory's own owner and
// mode, when the volume is an empty directory. Two containers that start at once copy once. ErrorKind::system else.
void child_copy_up(int root, const std::string& destination, int volume);

}  // namespace minidock::runtime
