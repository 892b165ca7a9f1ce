#include "engine/lifecycle.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/explain.h"
#include "base/file.h"
#include "base/format.h"
#include "base/syscall.h"
#include "engine/capabilities.h"
#include "engine/container_directory.h"
#include "engine/egress.h"
#include "engine/events.h"
#include "engine/names.h"
#include "engine/namespace_options.h"
#include "engine/port_changes.h"
#include "engine/resources.h"
#include "engine/root_mounts.h"
#include "engine/running_containers.h"
#include "engine/runtime/container_process.h"
#include "engine/runtime/freezer.h"
#include "engine/shim/owned_link.h"
#include "engine/shim/state_directory.h"
#include "engine/state_directory.h"
#include "engine/volume_mounts.h"
#include "engine/volumes.h"
#include "image/image_store.h"
#include "names/service_address.h"
#include "network/name_redirect.h"
#include "network/networks.h"
#include "storage/layer_store.h"

namespace minidock {
namespace {

using Kind = NamespaceChoice::Kind;

// ---- the network of a child that exists

// Its own rules in the namespace need all connections tracked.
bool may_make_rules(const HostConfig& host) {
  const std::vector<std::string> held = effective_capabilities(host.privileged, host.cap_add, host.cap_drop);
  return std::find(held.begin(), held.end(), "CAP_NET_ADMIN") != held.end();
}

// Without a network there is only the loopback interface to bring up.
void attach_to(EngineContext& context, const std::vector<network::Network>& networks, const Container& container,
               int netns) {
  const ContainerState& state = container.state;
  if (networks.empty()) network::bring_up_loopback(netns);
  if (is_egress_restricted(container.definition.host)) {
    network::restrict_egress(context.database, context.instance, container.id());
  }
  for (std::size_t i = 0; i < networks.size(); ++i) {
    const network::Endpoint& endpoint = state.endpoints[i];
    network::guard_endpoint(context.database, context.instance, networks[i], endpoint);
    network::attach_endpoint(context.instance, networks[i], endpoint, netns,
                             network::default_routes_by(endpoint, state.endpoints));
  }
  if (has_name_server(context.config, container.definition)) {
    network::redirect_name_queries(
        {names::kServerAddress, names::kQueryPort, names::kServerPort, may_make_rules(container.definition.host)},
        netns);
  }
}

void attach_network(EngineContext& context, const Reservation& reservation, int netns) {
  const Kind network = reservation.namespaces.network.kind;
  if (network != Kind::own && network != Kind::none) return;
  const ContainerState& state = reservation.container.state;
  attach_to(context, reservation.networks, reservation.container, netns);
  if (!state.ports.empty()) network::publish_ports(context.instance, state.port_target(), state.ports);
}

void remove_link(const std::string& path, const std::string& target) {
  if (shim::link_target(path) == target) sys::unlinkat_if_present(AT_FDCWD, path, 0);
}

// A shim that was killed could not tidy up after itself.
void remove_remains_of_shim(EngineContext& context, const Container& container, bool ended_with_record) {
  const std::string state_dir = context.instance.container_state_dir(container.id());
  // After its record a shim removes all that it made, the state file last.
  if (ended_with_record && !file::exists(state_dir + "/state.json")) return;
  const std::string cgroup = cgroups_path(context.instance, container.definition);
  runtime::kill_cgroup(cgroup);
  runtime::remove_cgroup(cgroup);
  sys::unlinkat_if_present(AT_FDCWD, state_dir + "/attach.sock", 0);
  const std::optional<shim::RunningState> running = read_running_state(context.instance, container.id());
  if (!running) return;
  remove_link(netns_link(container), fmt::format("/proc/{}/ns/net", running->init.pid));
  remove_link(context.instance.name_link(container.name()), container.id());
  sys::unlinkat_if_present(AT_FDCWD, state_dir + "/state.json", 0);
}

// The shim removes the links that it made; `rename` made others.
void remove_links_of_new_name(EngineContext& context, const Container& container) {
  remove_link(context.instance.name_link(container.name()), container.id());
  const std::string link = netns_link(container);
  const std::optional<std::string> target = shim::link_target(link);
  if (target && !file::exists(*target)) sys::unlinkat_if_present(AT_FDCWD, link, 0);
}

// Whoever has joined the network namespace may still be there, with addresses that others will get, and free of the
// container's egress rules, which go. Without anybody there the kernel takes the interfaces away, at its leisure.
// Held while the addresses are released.
Fd release_interfaces(EngineContext& context, const Container& container) {
  const bool is_restricted = is_egress_restricted(container.definition.host);
  if (container.state.endpoints.empty()) return {};
  if (is_restricted || shim::had_network_guest(context.instance.container_state_dir(container.id()))) {
    for (const network::Endpoint& endpoint : container.state.endpoints) {
      network::remove_host_interface(endpoint.host_interface);
    }
  }
  if (!is_restricted) return {};
  return network::release_egress(context.database, context.instance, container.id());
}

// Releases what a container held; with --rm it is gone then.
void release(EngineContext& context, Container& container, const std::optional<shim::ExitRecord>& record,
             bool was_attached);

void undo_start(EngineContext& context, Reservation& reservation, bool was_attached, const Error& cause) {
  Container& container = reservation.container;
  note_failed_start(container.state, cause);
  reservation.kept.clear();
  const Fd lock = lock_container(context.instance, container.id());  // the shim undoes its part and lets go
  release(context, container, std::nullopt, was_attached);
}

}  // namespace

void attach_network_again(EngineContext& context, const std::string& id, int netns) {
  const Container container = load_container(context.database, id);
  std::vector<network::Network> networks;
  for (const network::Endpoint& endpoint : container.state.endpoints) {
    // The kernel takes the last run's interface away when it gets to it.
    network::remove_host_interface(endpoint.host_interface);
    networks.push_back(network::get_network(context.database, endpoint.network_id));
  }
  if (!networks.empty()) network::ensure_host_state(context.database, context.instance, networks);
  attach_to(context, networks, container, netns);
}

shim::StartingShim spawn_shim(const storage::Instance& instance, const DaemonConfig& config, const HostConfig& host,
                              int preserved) {
  const explain::Step step("program", [] { return "minidock-shim started, in a session and cgroup of its own"; });
  shim::SpawnOptions options;
  options.read_only_executable = !is_surely_remapped(host, !config.userns_remap.empty());
  const Fd shims = runtime::open_or_make_cgroup(fmt::format("/{}/shims", instance.cgroup_parent));
  options.cgroup = shims.get();
  options.preserved = preserved;
  return shim::StartingShim::spawn(options);
}

void start(EngineContext& context, Reservation& reservation, shim::StartingShim& shim, bool attach) {
  Container& container = reservation.container;
  bool was_attached = false;
  try {
    // A program may ask for it as the first thing that it does.
    const bool has_window = attach && container.definition.config.tty;
    write_container_directory(context, reservation, has_window ? streams::window_size() : streams::WindowSize{});
    shim.assign(context.instance.container_dir(container.id()), attach, reservation.kept);
    // While the shim makes the namespaces and the child its mounts, the network is made beside them.
    if (!reservation.networks.empty()) {
      publish_names(context, container);
      network::ensure_host_state(context.database, context.instance, reservation.networks);
    }
    const Fd netns = shim.wait_created();
    attach_network(context, reservation, netns.get());
    record_attached(context.instance, container);
    was_attached = true;
    shim.network_ready();
    container.state.running = shim.wait_started();
    container.state.started_at = container.state.running.started_at;
    container.state.status = ContainerStatus::running;
    // state.json tells while it runs. The row is for what a reboot leaves, of which a --rm container is no part.
    if (!container.definition.host.auto_remove) {
      record_running(context.database, container.id(), container.state);
    }
    reservation.kept.clear();  // from here on only the shim holds lock and ports
  } catch (const Error& error) {
    shim.abandon();
    undo_start(context, reservation, was_attached, error);
    throw;
  }
}

std::optional<shim::ExitRecord> read_exit_record(const storage::Instance& instance, const std::string& id) {
  const std::optional<std::string> text = file::read_if_exists(instance.container_dir(id) + "/exit.json");
  if (!text) return std::nullopt;
  return shim::exit_record_from_json(json::parse(*text, "exit.json"));
}

namespace {

void apply_record(ContainerState& state, const shim::ExitRecord& record) {
  state.status = ContainerStatus::exited;
  state.restart_count = record.restart_count;
  state.stopped_by_user = record.stopped_by_user;
  state.error = record.error;
  state.exit_code = record.exit_code;
  state.oom_killed = record.oom_killed;
  state.started_at = record.started_at;
  state.finished_at = record.finished_at;
  state.running = {};
}

std::string health_of(const storage::Instance& instance, const ContainerDefinition& definition) {
  if (!definition.config.healthcheck || !definition.config.healthcheck->is_set()) return "";
  const std::optional<Json> report = shim::read_health(instance.container_state_dir(definition.id));
  return report ? json::get_string(*report, "Status") : "";
}

}  // namespace

void look_at_living(const storage::Instance& instance, Container& container) {
  if (const auto record = read_exit_record(instance, container.id())) {
    apply_record(container.state, *record);
    container.state.ports.clear();
    container.state.endpoints.clear();
    return;
  }
  // The row tells of the first run, the state file of the one since the last restart.
  const std::optional<shim::RunningState> running = read_running_state(instance, container.id());
  if (!running) return;
  container.state.running = *running;
  container.state.started_at = running->started_at;
  container.state.restart_count = running->restart_count;
  container.state.health = health_of(instance, container.definition);
  container.state.status = running->restarting ? ContainerStatus::restarting : ContainerStatus::running;
  if (!running->restarting) {
    container.state.paused = runtime::is_frozen(cgroups_path(instance, container.definition));
    return;
  }
  container.state.exit_code = running->exit_code;
  container.state.oom_killed = running->oom_killed;
  container.state.finished_at = running->finished_at;
}

Container settle(EngineContext& context, Container container) {
  const bool ended = container.state.status == ContainerStatus::exited;
  if (container.state.status == ContainerStatus::created || (ended && !container.definition.host.auto_remove)) {
    return container;
  }
  const Fd lock = try_lock_container(context.instance, container.id());
  if (!lock) {
    mend_ports(context, container.id());
    look_at_living(context.instance, container);
    return container;
  }
  return settle_held(context, std::move(container));
}

Container settle_held(EngineContext& context, Container container) {
  // Nobody is alive; but the row may be older than the lock.
  std::optional<Container> current = find_container(context.database, container.id());
  if (!current) {
    container.state.status = ContainerStatus::exited;
    remove_state_directory(context.instance, container.id());  // what taking the lock made again
    return container;
  }
  if (current->state.status == ContainerStatus::created || current->state.status == ContainerStatus::exited) {
    if (current->definition.host.auto_remove) remove_container(context, *current, true);
    return std::move(*current);
  }
  std::optional<shim::ExitRecord> record = read_exit_record(context.instance, container.id());
  const bool was_running =
      current->running() || file::exists(context.instance.container_state_dir(container.id()) + "/state.json");
  if (!record && was_running) {
    // The shim was killed, and its child with it.
    record = shim::ExitRecord{};
    record->exit_code = 137;
    record->started_at = current->state.started_at;
    record->finished_at = format::now_ns();
    record_container_event(context.instance, current->definition, "die", {{"exitCode", "137"}});
  }
  mend_ports(context, container.id());  // it may have published what no row tells of
  release(context, *current, record, /*was_attached=*/true);
  return std::move(*current);
}

namespace {

void release(EngineContext& context, Container& container, const std::optional<shim::ExitRecord>& record,
             bool was_attached) {
  // It shows the overlay that the next start must not find mounted.
  detach_root_mount(context.instance, RootMountKind::container, container.id());
  remove_remains_of_shim(context, container, record.has_value());
  remove_links_of_new_name(context, container);
  unmount_unused_volumes(context, container.id());
  // The kernel takes milliseconds to forget map elements: not while others wait for the database.
  if (!container.state.ports.empty()) network::unpublish_ports(context.instance, container.state.ports);
  if (was_attached) record_detached(context.instance, container);
  const Fd egress_lock = release_interfaces(context, container);
  const std::vector<network::Endpoint> released = std::exchange(container.state.endpoints, {});
  container.state.ports.clear();
  container.state.running = {};
  if (record) {
    apply_record(container.state, *record);
  } else {
    const bool ran_before = container.state.finished_at != 0;
    container.state.status = ran_before ? ContainerStatus::exited : ContainerStatus::created;
  }
  if (container.definition.host.auto_remove) {
    remove_container(context, container, true);
  } else {
    storage::Transaction transaction(context.database);
    network::release_reservations(context.database, container.id());
    update_container_state(context.database, container.id(), container.state);
    transaction.commit();
  }
  publish_network_names(context, released);
}

}  // namespace

void remove_container(EngineContext& context, const Container& container, bool anonymous_volumes) {
  detach_root_mount(context.instance, RootMountKind::container, container.id());
  // The row goes last: a process killed in between leaves a container that can be removed again.
  file::remove_tree(context.instance.container_dir(container.id()));
  storage::Transaction transaction(context.database);
  network::release_reservations(context.database, container.id());
  std::vector<std::string> discarded;
  if (anonymous_volumes) discarded = discard_anonymous_volumes(context, container.id());
  delete_container(context.database, container.id());
  transaction.commit();
  record_container_event(context.instance, container.definition, "destroy");
  for (const std::string& volume : discarded) record_volume_event(context.instance, volume, "destroy");
  if (!discarded.empty()) remove_discarded_volumes(context.instance);
  remove_state_directory(context.instance, container.id());
  // It may have been the last to keep the layers of an image that is gone.
  const std::string& image = container.definition.image_id;
  if (!image.empty() && !image::has_image(context.database, image)) {
    storage::collect_garbage(context.database, context.instance);
  }
}

}  // namespace minidock
