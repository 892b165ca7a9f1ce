// The source of a bind mount, opened by the parent with the host's paths and rights: a detached tree with its
// attributes, its owners shifted and an overlay on top where that is wanted.
#pragma once

#include "base/fd.h"
#include "engine/runtime/mounts.h"
#include "engine/runtime/spec.h"

namespace minidock::runtime {

// ErrorKind::invalid_argument in docker's words for a source that does not exist, ErrorKind::unsupported for one whose
// file system cannot show other owners.
Fd parent_open_bind_source(const Spec& spec, const Mount& mount, const MountWords& words);

}  // namespace minidock::runtime
