// Copies a directory tree by descriptor: content, owner, mode, times, extended attributes, hard links, special files.
// Links are copied, never followed.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>

namespace minidock::runtime {

struct TreeCopyOptions {
  // Owner in the copy; nothing keeps the file's own id. Also applied to access control lists and to the root of file
  // capabilities.
  std::function<std::optional<uid_t>(uid_t)> map_uid;
  std::function<std::optional<gid_t>(gid_t)> map_gid;
  // Device nodes that the caller may not make (EPERM in a user namespace) are left out.
  bool skip_forbidden_nodes = false;
};

// Copies what is in directory `source` into the existing directory `target`, and the directory's own attributes.
void copy_tree(int source, int target, const TreeCopyOptions& options);

bool is_empty_directory(int directory);

}  // namespace minidock::runtime
