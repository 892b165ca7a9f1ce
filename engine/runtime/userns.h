// User namespaces: id maps, and what an id inside is outside.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "base/fd.h"
#include "engine/runtime/spec.h"

namespace minidock::runtime {

// Nothing when no mapping covers the id. Without mappings an id is itself.
std::optional<std::uint32_t> to_host_id(const std::vector<IdMapping>& mappings, std::uint32_t container_id);

// Writes both maps of a child that was cloned with CLONE_NEWUSER. setgroups(2) stays allowed: the parent is privileged.
void parent_write_id_maps(pid_t child, const std::vector<IdMapping>& uids, const std::vector<IdMapping>& gids);

// A descriptor of the child's user namespace, for idmapped mounts.
Fd parent_open_user_namespace(pid_t child);

// A user namespace with these maps that no process is in: the kernel keeps it as long as the descriptor.
Fd parent_make_user_namespace(const std::vector<IdMapping>& uids, const std::vector<IdMapping>& gids);

// The child becomes root of its user namespace, without supplementary groups.
void child_become_namespace_root();

}  // namespace minidock::runtime
