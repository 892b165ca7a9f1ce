// Paths that the container may not see or not change. One that does not exist needs nothing.
#pragma once

#include <string>
#include <vector>

#include "base/fd.h"

namespace minidock::runtime {

// Where null devices for masked files come from.
struct MaskSource {
  Fd null;                 // attached in the child's mount namespace, cloned for each file; or invalid, and then
  std::vector<Fd> clones;  // one detached clone for each path, made by the parent
};

// Files are covered by the null device, directories by one empty read-only tmpfs.
void child_mask_paths(int root, const std::vector<std::string>& paths, MaskSource& source);

void child_make_readonly(int root, const std::vector<std::string>& paths);

}  // namespace minidock::runtime
