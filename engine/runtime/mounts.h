// The document's mounts. The parent opens what needs the host's rights and paths; the child makes file systems that
// belong to its namespaces, and attaches all of them by descriptor.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "engine/runtime/cgroup_view.h"
#include "engine/runtime/namespaces.h"
#include "engine/runtime/spec.h"

namespace minidock::runtime {

// mount(8) words of one mount, sorted.
struct MountWords {
  std::uint64_t attributes_set = 0;  // MOUNT_ATTR_*
  std::uint64_t attributes_cleared = 0;
  std::uint64_t propagation = 0;  // MS_PRIVATE, MS_SLAVE, MS_SHARED; 0: as it is
  bool recursive_propagation = false;
  bool is_bind = false;
  bool is_recursive_bind = false;
  bool copy_up = false;
  bool idmap = false;
  bool writable_submounts = false;
  std::string subpath;
  std::string overlay;                                                   // directory of its upper and work directories
  std::vector<std::pair<std::string, std::optional<std::string>>> data;  // the file system's own
};

MountWords parse_mount_words(const Mount& mount);

// One mount of the document on its way into the container.
struct PreparedMount {
  MountWords words;
  Fd tree;                   // detached until it is attached
  bool is_directory = true;  // what it has to be mounted on
};

// Opens bind sources as detached mounts with their attributes; the other mounts are left for the child. A source that
// does not exist is ErrorKind::invalid_argument in docker's words.
std::vector<PreparedMount> parent_prepare_mounts(const Spec& spec);

// Makes the file systems of the namespaces that the child is in. `groups`: the container's on v1, which are to be
// attached to the cgroup mount later.
void child_make_filesystems(const Spec& spec, const NamespacePlan& plan, const std::vector<V1Directory>& groups,
                            std::vector<PreparedMount>& mounts);

// Attaches one mount at its destination below `root`, created when missing. The image's links never lead out of the
// root; where the kernel's own file systems go, links are refused altogether. Nothing may cover /proc.
void child_attach_mount(int root, const Mount& mount, PreparedMount& prepared);

// The mount is the container's fresh /dev.
bool is_own_dev(const Mount& mount);
bool is_cgroup(const Mount& mount);

}  // namespace minidock::runtime
