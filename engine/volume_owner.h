// Whose ids the data of a volume have. The data keep the ids of the first container's user range; a container with
// another range sees them through an idmapped mount, so that both see the same owners, whatever their ranges are.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/runtime/spec.h"

namespace minidock {

// For an idmapped mount: ids on disk (container_id of the result) → ids outside (host_id). `data` and `container` map
// container ids to ids outside; empty is no map. An empty result: ids on disk are right as they are.
// Without a map of its own a container may use any id: what is not in the data's range keeps its id, but for the
// ids of the range themselves, which change places with those that they stand for.
std::vector<runtime::IdMapping> owner_translation(const std::vector<runtime::IdMapping>& data,
                                                  const std::vector<runtime::IdMapping>& container);

}  // namespace minidock
