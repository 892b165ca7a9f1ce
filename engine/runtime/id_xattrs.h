// Extended attributes that hold ids: they have to be shifted with a file's owner.
#pragma once

#include <string>

#include "engine/runtime/tree_copy.h"

namespace minidock::runtime {

// Copies all extended attributes between two objects (O_PATH descriptors), ids in them mapped.
void copy_id_xattrs(int source, int target, const TreeCopyOptions& options);

// The value of attribute `name` with its ids mapped (POSIX access control lists, file capabilities); others unchanged.
std::string map_xattr(const std::string& name, std::string value, const TreeCopyOptions& options);

}  // namespace minidock::runtime
