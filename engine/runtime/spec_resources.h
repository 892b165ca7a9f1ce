// linux.resources of the runtime-spec document, but for its device rules.
#pragma once

#include "base/json.h"
#include "engine/runtime/spec.h"

namespace minidock::runtime {

// Only what is set is written.
Json resources_to_json(const ResourceLimits& limits);
// ErrorKind::corrupt_data for values of another type or out of range.
ResourceLimits resources_from_json(const Json& document);

}  // namespace minidock::runtime
