// Files of the host that a container gets in memory only (secrets).
#pragma once

#include "base/fd.h"
#include "engine/runtime/spec.h"

namespace minidock::runtime {

// A detached read-only tmpfs with copies of the mount's files, or its only file when that has no name.
Fd parent_make_file_mount(const Spec& spec, const Mount& mount);

}  // namespace minidock::runtime
