// Rows of containers, and the truth behind them: a running container's shim holds its lock, an ended one has left an
// exit record, and what a killed process left half-done is put right by whoever meets it next.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "engine/definition.h"
#include "engine/shim/protocol.h"
#include "storage/database.h"
#include "storage/instance.h"

namespace minidock {

// "restarting" is never stored: what the row says is running, while its shim waits between two runs.
enum class ContainerStatus { created, starting, running, restarting, exited };
std::string_view to_string(ContainerStatus status);

struct ContainerState;
// As docker names it: a paused container runs, one that starts is only created yet.
std::string_view shown_status(const ContainerState& state);

// What changes while a container lives; stored beside its definition.
struct ContainerState {
  ContainerStatus status = ContainerStatus::created;
  shim::RunningState running;  // while running
  std::int64_t started_at = 0;
  std::int64_t finished_at = 0;
  int exit_code = 0;
  bool oom_killed = false;
  int restart_count = 0;
  bool paused = false;                       // while running; never stored, the cgroup tells
  std::string health;                        // "starting", "healthy", "unhealthy" while it is probed; never stored
  bool stopped_by_user = false;              // its end was asked for: `unless-stopped` lets it be after a boot
  std::string error;                         // why the last start failed
  std::vector<network::Endpoint> endpoints;  // while it runs
  std::vector<network::PublishedPort> ports;

  // See network::gateway_endpoint.
  const network::Endpoint* gateway() const { return network::gateway_endpoint(endpoints); }
  // That of a network, by its name; null without.
  const network::Endpoint* on_network(const std::string& name) const;
  const network::Endpoint* on_default_network() const { return on_network(network::kDefaultNetwork); }
  // Of the one that leads out; "" without any.
  std::string address() const;
  network::PortTarget port_target() const { return network::port_target(endpoints); }
};

struct Container {
  ContainerDefinition definition;
  ContainerState state;
  // Of a listed container only, and never stored.
  std::string image_name;               // as typed, or the image's id when that means another image by now
  std::vector<std::string> link_names;  // "web/db" for who is linked to by "web" under the name "db"
  const std::string& id() const { return definition.id; }
  const std::string& name() const { return definition.name; }
  bool running() const { return state.status == ContainerStatus::running; }
  bool restarting() const { return state.status == ContainerStatus::restarting; }
  // A shim has it, or is about to.
  bool alive() const { return running() || restarting() || state.status == ContainerStatus::starting; }
};

// The lock of a container: held by the command that starts or removes it and, on the same open file, by its shim as
// long as the container lives. Whoever can take it knows that nothing is alive behind the container.
Fd try_lock_container(const storage::Instance& instance, const std::string& id);  // invalid: somebody holds it
Fd lock_container(const storage::Instance& instance, const std::string& id);      // waits

bool is_name_taken(storage::Database& database, const std::string& name);
// ErrorKind::conflict with docker's words when the name is taken.
void insert_container(storage::Database& database, const Container& container);
void update_container_state(storage::Database& database, const std::string& id, const ContainerState& state);
// Of `state` no more than that it runs, since when and as what: others may have changed its networks and ports
// meanwhile.
void record_running(storage::Database& database, const std::string& id, const ContainerState& state);
// In the caller's transaction; ErrorKind::conflict as insert_container.
void rename_container(storage::Database& database, Container& container, const std::string& name);
void update_container_definition(storage::Database& database, const ContainerDefinition& definition);
void delete_container(storage::Database& database, const std::string& id);

// Full id, then name, then unique id prefix. ErrorKind::not_found "No such container: X".
Container load_container(storage::Database& database, const std::string& name);
std::optional<Container> find_container(storage::Database& database, const std::string& name);
// Newest first.
std::vector<Container> load_containers(storage::Database& database);

}  // namespace minidock
