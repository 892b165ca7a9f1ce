// --link: docker's legacy links on the default bridge. The linked container's names in /etc/hosts, its ports and its
// environment as variables.
#pragma once

#include <string>
#include <vector>

#include "engine/container_files.h"
#include "engine/context.h"
#include "engine/definition.h"

namespace minidock {

struct Links {
  std::vector<ExtraHost> hosts;
  std::vector<std::string> env;
};

// ErrorKind::not_found or conflict with docker's words for a container that is not there or does not run.
Links resolve_links(EngineContext& context, const ContainerDefinition& definition);

// Whether the linked containers exist: at creation.
void check_links(const EngineContext& context, const HostConfig& host);

}  // namespace minidock
