// A container's mount points in the words of the runtime-spec.
#pragma once

#include <vector>

#include "engine/definition.h"
#include "engine/runtime/spec.h"
#include "storage/instance.h"

namespace minidock {

// Shallow destinations first, so that none hides a deeper one.
std::vector<runtime::Mount> user_mounts(const storage::Instance& instance, const ContainerDefinition& definition);

}  // namespace minidock
