// The container's own /dev: nothing of the image's is used (R3).
#pragma once

#include <vector>

#include "base/fd.h"

namespace minidock::runtime {

// Detached clones of the host's nodes, checked to be the devices that their names say: for a child in a user namespace,
// which can make none. In the order of the node table.
std::vector<Fd> parent_clone_host_devices();
// A clone of the host's null device.
Fd parent_clone_null_device();

// Fills the fresh, still detached tmpfs: nodes, or empty files to mount `clones` on, and docker's links.
void child_populate_dev(int dev, bool has_clones, bool terminal);

// Mounts the clones; `dev` is attached by now.
void child_attach_devices(int dev, const std::vector<Fd>& clones);

// Mounts the terminal on /dev/console.
void child_attach_console(int dev, int terminal);

// The null device of that /dev, opened O_PATH and checked.
Fd child_open_null(int dev);

}  // namespace minidock::runtime
