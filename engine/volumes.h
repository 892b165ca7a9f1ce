// Named and anonymous volumes of the local driver: <root>/volumes/<name>/_data.
#pragma once

#include <string>
#include <vector>

#include "engine/context.h"
#include "engine/definition.h"
#include "engine/subordinate_ids.h"

namespace minidock {

// Turns what was asked for (and the image's VOLUMEs) into mount points: checks host paths, names anonymous volumes.
std::vector<MountPoint> resolve_mounts(const EngineContext& context, const HostConfig& host,
                                       const std::vector<std::string>& image_volumes);

// Rows for the volumes among `mounts` and their use by the container. Must run in a transaction.
void register_volumes(EngineContext& context, const ContainerDefinition& definition);

// Makes the directories of volumes (owned by the container's root) and missing host directories of -v.
void create_mount_sources(const EngineContext& context, const ContainerDefinition& definition,
                          const IdMappings& mappings);

// Removes anonymous volumes that only this container used.
void remove_anonymous_volumes(EngineContext& context, const std::string& container_id);

// The host id of the container's root.
std::uint32_t root_uid(const IdMappings& mappings);
std::uint32_t root_gid(const IdMappings& mappings);

}  // namespace minidock
