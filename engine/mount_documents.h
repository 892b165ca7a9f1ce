// docker's documents of a container's mounts: what inspect shows of them.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "engine/definition.h"

namespace minidock {

// HostConfig.Binds: the texts of -v, but for anonymous volumes.
std::vector<std::string> bind_texts(const HostConfig& host);

// HostConfig.Mounts, .Tmpfs, .VolumesFrom and .VolumeDriver, where there is something to show.
void add_mount_documents(const HostConfig& host, OrderedJson& document);

// Mounts
OrderedJson mounts_json(const ContainerDefinition& definition);

}  // namespace minidock
