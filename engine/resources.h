// docker's resource options: what they may say, what of it this machine can do, and what the runtime is told.
#pragma once

#include <string>
#include <vector>

#include "engine/definition.h"
#include "engine/runtime/spec.h"
#include "storage/instance.h"

namespace minidock {

// In 256 KB some starts of a static program are killed.
inline constexpr std::int64_t kMinimumMemory = 512 << 10;

// ErrorKind::invalid_argument, in docker's words, for values that no machine takes or that exclude each other.
void check_resources(const Resources& resources);

// Takes out what this machine's kernel cannot do, where docker goes on without it; the result is docker's warnings.
// ErrorKind::unsupported for what docker refuses.
std::vector<std::string> discard_unsupported(Resources& resources);

// What was not said and follows from the rest: twice the memory for memory and swap together.
void complete_resources(Resources& resources);

// ErrorKind::not_found for a block device that does not exist.
runtime::ResourceLimits runtime_limits(const Resources& resources);

// Which cgroup driver a new container has, and whether its --cgroup-parent suits it: ErrorKind::invalid_argument with
// docker's words.
void choose_cgroup_driver(HostConfig& host, bool systemd);

// "/<parent>/<id>"; the parent is the instance's unless --cgroup-parent names another. With systemd the scope
// "minidock-<id>.scope" in that slice, or in system.slice.
std::string cgroups_path(const storage::Instance& instance, const ContainerDefinition& definition);

}  // namespace minidock
