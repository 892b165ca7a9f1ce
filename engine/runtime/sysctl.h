// Kernel parameters of the container's own namespaces.
#pragma once

#include <map>
#include <string>

#include "engine/runtime/namespaces.h"

namespace minidock::runtime {

// Only parameters that a namespace of the container's own holds (R18); ErrorKind::invalid_argument for others.
void check_sysctls(const std::map<std::string, std::string>& parameters, const NamespacePlan& plan);

// Writes through `proc`, a procfs that no user's mount covers (R4).
void child_write_sysctls(int proc, const std::map<std::string, std::string>& parameters);

}  // namespace minidock::runtime
