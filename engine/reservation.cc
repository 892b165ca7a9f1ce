#include "engine/reservation.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <utility>

#include "base/error.h"
#include "engine/attachments.h"
#include "engine/events.h"
#include "engine/id_ranges.h"
#include "engine/lifecycle.h"
#include "engine/links.h"
#include "engine/name_generator.h"
#include "engine/namespace_options.h"
#include "engine/port_options.h"
#include "engine/shim/state_directory.h"
#include "engine/state_directory.h"
#include "engine/volumes.h"

namespace minidock {
namespace {

using Kind = NamespaceChoice::Kind;

std::string host_name() {
  char name[HOST_NAME_MAX + 1] = "";
  gethostname(name, sizeof name - 1);
  return name;
}

void choose_hostname(EngineContext& context, ContainerDefinition& definition) {
  constexpr std::string_view kContainer = "container:";
  const HostConfig& host = definition.host;
  if (!definition.config.hostname.empty()) return;
  if (host.uts_mode == "host" || host.network_mode == "host") {
    definition.config.hostname = host_name();
  } else if (host.network_mode.starts_with(kContainer)) {
    const Container other = load_container(context.database, host.network_mode.substr(kContainer.size()));
    definition.config.hostname = other.definition.config.hostname;
  } else {
    definition.config.hostname = definition.id.substr(0, 12);
  }
}

// --publish-all: each exposed port that is not published otherwise gets an ephemeral one.
void publish_exposed_ports(const ContainerDefinition& definition, std::vector<network::PublishedPort>& ports) {
  for (network::PublishedPort& port : unpublished_ports(definition.config.exposed_ports, ports)) {
    ports.push_back(std::move(port));
  }
}

// What leads out by a network without a bridge is reached at its own address: docker publishes nothing there and keeps
// silent.
void discard_published_ports(EngineContext& context, Container& container) {
  std::vector<network::PublishedPort> discarded = std::exchange(container.state.ports, {});
  if (discarded.empty()) return;
  const network::Endpoint* gateway = container.state.gateway();
  context.warn(
      fmt::format("Published ports are discarded: container {} leads out by network {} (driver {}), where it is "
                  "reached at {} itself; give a bridged network of it a higher gw-priority to publish them",
                  container.name(), gateway->network_name, gateway->driver, gateway->address));
}

void reserve_published_ports(EngineContext& context, Reservation& reservation) {
  Container& container = reservation.container;
  const HostConfig& host = container.definition.host;
  container.state.ports = host.ports;
  if (host.publish_all_ports) publish_exposed_ports(container.definition, container.state.ports);
  if (container.state.port_target() == network::PortTarget{}) {
    discard_published_ports(context, container);
    return;
  }
  const network::Endpoint* gateway = container.state.gateway();
  const auto network =
      std::find_if(reservation.networks.begin(), reservation.networks.end(),
                   [&](const network::Network& candidate) { return candidate.id == gateway->network_id; });
  choose_host_addresses(*network, container.state.ports);
  for (Fd& socket :
       network::reserve_ports(context.database, container.id(), container.state.port_target(), container.state.ports)) {
    reservation.kept.push_back(std::move(socket));
  }
}

// In the caller's transaction: addresses and ports.
void reserve_network(EngineContext& context, Reservation& reservation) {
  Container& container = reservation.container;
  const std::int64_t last_end = container.state.finished_at;
  container.state = ContainerState{};
  container.state.status = ContainerStatus::starting;
  container.state.finished_at = last_end;
  if (reservation.namespaces.network.kind != Kind::own) return;
  for (const NetworkAttachment& attachment : container.definition.networks) {
    reservation.networks.push_back(network_of(context, attachment));
    reserve_attachment(context, container, attachment, reservation.networks.back());
  }
  if (!reservation.networks.empty()) reserve_published_ports(context, reservation);
}

// Whose the new volumes are: the containers that it may join for its user namespace need not run yet, and have this one
// too.
IdMappings mappings_before_start(const EngineContext& context, const ContainerDefinition& definition) {
  if (definition.id_range.size > 0) return mappings_of(definition.id_range);
  const std::string& setting = context.config.userns_remap;
  return setting.empty() || definition.host.userns_mode == "host" ? IdMappings{} : userns_mappings(setting);
}

void choose_for_start(EngineContext& context, Reservation& reservation, const ContainerDefinition& definition) {
  reservation.namespaces = choose_namespaces(context, definition.host, !context.config.userns_remap.empty());
  const NamespaceChoice& network = reservation.namespaces.network;
  if (!network.container_id.empty()) {
    shim::note_network_guest(context.instance.container_state_dir(network.container_id));
  }
  // A range of its own is chosen with the row.
  const bool has_none_yet = is_auto_userns(definition.host.userns_mode) && definition.id_range.size == 0;
  if (!has_none_yet) reservation.mappings = mappings_for(context, reservation.namespaces, definition.id_range);
  reservation.links = resolve_links(context, definition);
}

void take_id_range(EngineContext& context, ContainerDefinition& definition) {
  if (!is_auto_userns(definition.host.userns_mode)) return;
  definition.id_range = choose_id_range(context.database, parse_auto_userns(definition.host.userns_mode));
}

}  // namespace

IdMappings mappings_for(const EngineContext& context, const NamespaceChoices& namespaces, const IdRange& own) {
  switch (namespaces.user.kind) {
    case Kind::host:
    case Kind::none:
      return {};
    case Kind::own:
      if (own.size > 0) return mappings_of(own);
      return userns_mappings(context.config.userns_remap.empty() ? "default" : context.config.userns_remap);
    case Kind::joined:
      break;
  }
  if (namespaces.user.container) return mappings_of_process(namespaces.user.container->pid);
  return mappings_of_namespace(namespaces.user.path);
}

namespace {

// The volumes that it brought into being came first.
void record_creation(const EngineContext& context, const ContainerDefinition& definition,
                     const std::vector<std::string>& made_volumes) {
  for (const std::string& volume : made_volumes) record_volume_event(context.instance, volume, "create");
  record_container_event(context.instance, definition, "create");
}

}  // namespace

void choose_host_addresses(const network::Network& network, std::vector<network::PublishedPort>& ports) {
  const std::string& binding = network.bridge.host_binding;
  for (network::PublishedPort& port : ports) {
    if (port.host_ip.empty()) port.host_ip = binding;
  }
}

std::string netns_link(const Container& container) { return fmt::format("{}/{}", kNetnsDirectory, container.name()); }

void make_up_name(storage::Database& database, ContainerDefinition& definition) {
  constexpr int kAttempts = 6;
  constexpr std::size_t kShortId = 12;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    definition.name = random_container_name(attempt);
    if (!is_name_taken(database, definition.name)) return;
  }
  definition.name = definition.id.substr(0, kShortId);
}

namespace {

// In the transaction that inserts it: others are making up names, too. What has links has told the programs its name.
void keep_name_unique(storage::Database& database, ContainerDefinition& definition) {
  if (!definition.has_made_up_name || !definition.links.empty()) return;
  if (is_name_taken(database, definition.name)) make_up_name(database, definition);
}

}  // namespace

Container create_container(EngineContext& context, ContainerDefinition definition) {
  choose_hostname(context, definition);
  Container container;
  container.definition = std::move(definition);
  storage::Transaction transaction(context.database);
  keep_name_unique(context.database, container.definition);
  take_id_range(context, container.definition);
  insert_container(context.database, container);
  const std::vector<std::string> made_volumes =
      register_volumes(context, container.definition, mappings_before_start(context, container.definition));
  transaction.commit();
  record_creation(context, container.definition, made_volumes);
  return container;
}

void note_failed_start(ContainerState& state, const Error& cause) {
  state.error = cause.message();
  state.exit_code = shim::exit_code_of_failed_start(cause);
}

namespace {

// A start that was refused before anything was begun.
void record_refusal(EngineContext& context, Container container, const Error& cause) {
  note_failed_start(container.state, cause);
  update_container_state(context.database, container.id(), container.state);
}

}  // namespace

Reservation create_and_reserve(EngineContext& context, ContainerDefinition definition) {
  Reservation reservation;
  reservation.container.definition = std::move(definition);
  std::vector<std::string> made_volumes;
  try {
    choose_for_start(context, reservation, reservation.container.definition);
    choose_hostname(context, reservation.container.definition);
    reservation.kept.push_back(lock_container(context.instance, reservation.container.id()));
    storage::Transaction transaction(context.database);
    keep_name_unique(context.database, reservation.container.definition);
    take_id_range(context, reservation.container.definition);
    const IdRange& own = reservation.container.definition.id_range;
    if (own.size > 0) reservation.mappings = mappings_of(own);
    reserve_network(context, reservation);
    insert_container(context.database, reservation.container);
    made_volumes = register_volumes(context, reservation.container.definition, reservation.mappings);
    transaction.commit();
  } catch (const Error& cause) {
    remove_state_directory(context.instance, reservation.container.id());  // made for the lock
    if (!reservation.container.definition.host.auto_remove) {
      record_refusal(context, create_container(context, std::move(reservation.container.definition)), cause);
    }
    throw;
  }
  record_creation(context, reservation.container.definition, made_volumes);
  return reservation;
}

std::optional<Reservation> reserve_again(EngineContext& context, const std::string& id) {
  Reservation reservation;
  Fd lock = try_lock_container(context.instance, id);
  if (!lock) return std::nullopt;
  reservation.kept.push_back(std::move(lock));
  // Nobody can change it any more; but its last end may not be tidied up yet.
  reservation.container = load_container(context.database, id);
  if (reservation.container.alive()) {
    settle_held(context, reservation.container);
    reservation.container = load_container(context.database, id);
  }
  shim::forget_requests(context.instance.container_state_dir(id));
  try {
    choose_for_start(context, reservation, reservation.container.definition);
    storage::Transaction transaction(context.database);
    reserve_network(context, reservation);
    update_container_state(context.database, id, reservation.container.state);
    transaction.commit();
  } catch (const Error& cause) {
    record_refusal(context, load_container(context.database, id), cause);
    throw;
  }
  return reservation;
}

}  // namespace minidock
