// What a container needs before anything of it is on disk or running: its row, name and volumes when it is created; its
// address and ports each time that it is started.
#pragma once

#include <optional>
#include <vector>

#include "engine/container_store.h"
#include "engine/context.h"
#include "engine/links.h"
#include "engine/spec_builder.h"

namespace minidock {

struct Reservation {
  Container container;
  NamespaceChoices namespaces;
  IdMappings mappings;
  std::vector<network::Network> networks;  // of the container's endpoints, in their order
  Links links;
  std::vector<Fd> kept;  // port sockets and the lock, for the shim
};

// `create`: the row, its name and volumes, in one transaction.
Container create_container(EngineContext& context, ContainerDefinition definition);

// `run`: the same, and the container is "starting" in the same transaction. When it may not start (a port is taken, a
// container that it is linked with does not run) it stays as `create` leaves it, with that as its error, unless it has
// --rm.
Reservation create_and_reserve(EngineContext& context, ContainerDefinition definition);

// `start` of one that was created before, or has ended. Nothing when somebody has it: it runs, or starts or ends just
// now. ErrorKind::not_found when it was removed meanwhile.
std::optional<Reservation> reserve_again(EngineContext& context, const std::string& id);

// The id maps of the chosen user namespace; none for the host's. `own`: the container's own range, if it has one.
IdMappings mappings_for(const EngineContext& context, const NamespaceChoices& namespaces, const IdRange& own);

// Where ports are published for which no address was asked for: the network may say so.
void choose_host_addresses(const network::Network& network, std::vector<network::PublishedPort>& ports);

// A name that nobody has at this moment: docker's scheme, and after six that are taken the short id.
void make_up_name(storage::Database& database, ContainerDefinition& definition);

// Where ip-netns(8) looks for names of network namespaces; a container's is <directory>/<name>.
inline constexpr char kNetnsDirectory[] = "/run/netns";
std::string netns_link(const Container& container);

// What a start that failed leaves in the container's state, for `inspect`.
void note_failed_start(ContainerState& state, const Error& cause);

}  // namespace minidock
