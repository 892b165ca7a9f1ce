// From what was asked for (-v, --mount, --tmpfs, --volumes-from, the image's VOLUMEs) to a container's mount points.
#pragma once

#include <string>
#include <vector>

#include "engine/context.h"
#include "engine/definition.h"

namespace minidock {

// Checks host paths, drivers and their options, names anonymous volumes. An option wins over what comes from another
// container, that over the image's volumes.
std::vector<MountPoint> resolve_mounts(const EngineContext& context, const HostConfig& host,
                                       const std::vector<std::string>& image_volumes);

// Config.Volumes: the destinations of anonymous volumes, the image's and those of -v.
std::vector<std::string> declared_volumes(const HostConfig& host, const std::vector<std::string>& image_volumes);

// --tmpfs: docker shows it in HostConfig.Tmpfs, and not among the mounts.
bool is_tmpfs_option(const MountRequest& request);

}  // namespace minidock
