// /run/netns/<name>, so that ip-netns(8) finds a container's network namespace by the container's name.
#pragma once

#include <sys/types.h>

#include <string>

#include "engine/shim/owned_link.h"

namespace minidock::shim {

// A link of the form that is made here, whose process is dead, or whose number has gone to a process of the host (a
// container with such a link has a network namespace of its own).
bool is_stale_netns_link(const std::string& path);

// Makes `path` a link to /proc/<pid>/ns/net. A stale link of a dead container is replaced; anything else of that name
// is somebody's own and stays: then there is no link, which is noted in the trace only. Makes the directory (0755) when
// it is missing. An empty path makes nothing.
OwnedLink make_netns_link(const std::string& path, pid_t pid);

}  // namespace minidock::shim
