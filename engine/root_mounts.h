// Root file systems that a user has made visible on the host (`container mount`, `image mount`): mounts below the state
// directory, gone with the container or image.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/instance.h"

namespace minidock {

enum class RootMountKind { container, image };

// `id`: 64 hex digits. Attaches the detached tree (borrowed) and returns the path.
std::string attach_root_mount(const storage::Instance& instance, RootMountKind kind, const std::string& id, int tree);

// Where it is mounted, if it is.
std::optional<std::string> find_root_mount(const storage::Instance& instance, RootMountKind kind,
                                           const std::string& id);

// Ids of those that are mounted.
std::vector<std::string> list_root_mounts(const storage::Instance& instance, RootMountKind kind);

// False when it was not mounted.
bool detach_root_mount(const storage::Instance& instance, RootMountKind kind, const std::string& id);

}  // namespace minidock
