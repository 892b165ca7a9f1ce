// Which namespaces a container gets new, which it joins, and the clone that does it. A type that the document does not
// list stays the caller's.
#pragma once

#include <linux/sched.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "engine/runtime/spec.h"

namespace minidock::runtime {

struct NamespaceJoin {
  int type = 0;  // CLONE_NEW*
  Fd fd;
};

struct NamespacePlan {
  std::uint64_t clone_flags = 0;  // of new ones, without CLONE_NEWCGROUP
  // Made by the child itself: clone3 would root it at the parent's cgroup even with CLONE_INTO_CGROUP.
  bool new_cgroup = false;
  std::vector<NamespaceJoin> joins;  // the user namespace last: joining it gives up the rights for the others

  bool has_new(int type) const { return (clone_flags & static_cast<std::uint64_t>(type)) != 0; }
  bool has_join(int type) const;
  // Not the caller's: new or joined.
  bool owns(int type) const { return has_new(type) || has_join(type); }
};

// Opens the namespaces to be joined. ErrorKind::invalid_argument for an unknown type, for a document without a mount
// namespace of its own, or a path that is not a namespace of its type.
NamespacePlan parent_plan_namespaces(const Spec& spec);

// For a child that starts in a cgroup (directory descriptor, -1: the caller's).
struct clone_args clone_arguments(std::uint64_t flags, int cgroup);

struct ClonedProcess {
  pid_t pid = 0;
  Fd pidfd;
};

// Clones a child of the caller into the plan's namespaces and the cgroup (directory descriptor, -1: the caller's).
// `child` runs in it and never returns. The caller must be single-threaded.
ClonedProcess parent_clone(const NamespacePlan& plan, int cgroup, const std::function<void()>& child);

}  // namespace minidock::runtime
