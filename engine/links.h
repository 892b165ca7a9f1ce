// --link: docker's legacy links on the default bridge. The linked container's names in /etc/hosts, its ports and its
// environment as variables.
#pragma once

#include <string>
#include <vector>

#include "engine/container_files.h"
#include "engine/container_store.h"
#include "engine/context.h"
#include "engine/definition.h"

namespace minidock {

struct Links {
  std::vector<ExtraHost> hosts;
  std::vector<std::string> env;
};

// "container[:alias]", each. ErrorKind::not_found with docker's words for a container that is not there.
std::vector<ContainerLink> find_links(const EngineContext& context, const std::vector<std::string>& texts);

// Tells those that link to it; in the caller's transaction.
void rename_in_links(storage::Database& database, const Container& renamed);

// At each start. ErrorKind::conflict with docker's words for a container that does not run, or is gone.
Links resolve_links(EngineContext& context, const ContainerDefinition& definition);

// After a start: the running containers that link to it find its new address in their /etc/hosts.
void tell_linking_containers(EngineContext& context, const Container& started);

}  // namespace minidock
