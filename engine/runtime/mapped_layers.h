// For kernels and file systems without idmapped mounts: copies of layers whose owners are shifted, one set a range.
#pragma once

#include <string>

#include "engine/runtime/spec.h"

namespace minidock::runtime {

// Makes sure that each layer of the document's rootfs has a copy for its id mappings; returns the directory of the
// copies, "<store>/../layers-mapped/<first host uid>" (".<first host gid>" behind it when that differs). A copy is made
// beside, synced, and renamed when whole; concurrent callers wait for one another.
std::string parent_ensure_mapped_layers(const Spec& spec);

}  // namespace minidock::runtime
