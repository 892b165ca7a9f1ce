// The volumes of a container: their rows, and what lies on the host behind its mount points when it starts.
#pragma once

#include <string>
#include <vector>

#include "engine/context.h"
#include "engine/definition.h"
#include "engine/subordinate_ids.h"

namespace minidock {

// Rows for the volumes among the mount points and their use by the container; the data of a new one belong to
// `mappings`. Must run in a transaction.
std::vector<std::string> register_volumes(EngineContext& context, const ContainerDefinition& definition,
                                          const IdMappings& mappings);

// Makes what the mount points need on the host: directories of volumes, their mounts, missing host directories of -v;
// gives a source to the container's root where that was asked for.
void create_mount_sources(const EngineContext& context, const ContainerDefinition& definition,
                          const IdMappings& mappings);

// A container whose user range is not that of a volume's data gets it with the owners translated.
void translate_volume_owners(const EngineContext& context, const ContainerDefinition& definition,
                             const IdMappings& mappings, runtime::Spec& spec);

// Forgets anonymous volumes that only this container used; their names. Must run in a transaction; when there were any,
// remove_discarded_volumes() after it.
std::vector<std::string> discard_anonymous_volumes(EngineContext& context, const std::string& container_id);

// Where the container keeps what it writes to mount point `index` (option O).
std::string overlay_directory(const storage::Instance& instance, const std::string& container_id, std::size_t index);

// The host id of the container's root.
std::uint32_t root_uid(const IdMappings& mappings);
std::uint32_t root_gid(const IdMappings& mappings);

}  // namespace minidock
