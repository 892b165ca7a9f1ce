// What a container has changed in its image's files, told from its upper directory: docker's diff, and what a commit
// has to leave out.
#pragma once

#include <string>
#include <vector>

#include "engine/runtime/spec.h"

namespace minidock {

enum class ChangeKind : char { modified = 'C', added = 'A', deleted = 'D' };

struct Change {
  ChangeKind kind;
  std::string path;  // absolute
  bool operator==(const Change&) const = default;
};

struct UpperChanges {
  // Each directory before what is in it, by name. A directory that has changes inside is one of them, as in docker.
  std::vector<Change> changes;
  // Empty files and directories that the engine made to mount /proc, /etc/hosts and the like on; no changes of the
  // user's. Without leading slash.
  std::vector<std::string> mount_points;
};

// The rootfs of `spec`: upper directory, and layers as the store has them (unshifted ids).
UpperChanges find_upper_changes(const runtime::Spec& spec);

}  // namespace minidock
