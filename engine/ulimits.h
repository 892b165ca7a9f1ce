// --ulimit: docker's names for the limits of setrlimit(2).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/definition.h"
#include "engine/runtime/spec.h"

namespace minidock {

// "nofile" → "RLIMIT_NOFILE"; nothing for an unknown name.
std::optional<std::string> ulimit_resource(const std::string& name);

// For the process of the runtime-spec.
std::vector<runtime::Rlimit> rlimits(const std::vector<Ulimit>& limits);

}  // namespace minidock
