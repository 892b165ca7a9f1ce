#include "engine/lifecycle.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/path.h"
#include "base/syscall.h"
#include "engine/container_files.h"
#include "engine/log_options.h"
#include "engine/namespace_options.h"
#include "engine/running_containers.h"
#include "engine/runtime/container_process.h"
#include "engine/shim/owned_link.h"
#include "engine/state_directory.h"
#include "engine/volumes.h"
#include "image/image_store.h"
#include "storage/layer_store.h"

namespace minidock {
namespace {

using Kind = NamespaceChoice::Kind;

constexpr char kNetnsDirectory[] = "/run/netns";

std::string netns_link(const Container& container) { return fmt::format("{}/{}", kNetnsDirectory, container.name()); }

// ---- before the start

IdMappings mappings_for(const EngineContext& context, const NamespaceChoices& namespaces) {
  switch (namespaces.user.kind) {
    case Kind::host:
    case Kind::none:
      return {};
    case Kind::own:
      return userns_mappings(context.config.userns_remap.empty() ? "default" : context.config.userns_remap);
    case Kind::joined:
      break;
  }
  if (namespaces.user.container) return mappings_of_process(namespaces.user.container->pid);
  return mappings_of_namespace(namespaces.user.path);
}

std::string host_name() {
  char name[HOST_NAME_MAX + 1] = "";
  gethostname(name, sizeof name - 1);
  return name;
}

void choose_hostname(EngineContext& context, ContainerDefinition& definition, const NamespaceChoices& namespaces) {
  if (!definition.config.hostname.empty()) return;
  if (namespaces.uts.kind == Kind::host || namespaces.network.kind == Kind::host) {
    definition.config.hostname = host_name();
  } else if (namespaces.network.container) {
    definition.config.hostname =
        load_container(context.database, namespaces.network.container_id).definition.config.hostname;
  } else {
    definition.config.hostname = definition.id.substr(0, 12);
  }
}

// ---- files of a container

void write_engine_files(const EngineContext& context, const Reservation& reservation, int directory) {
  const ContainerDefinition& definition = reservation.container.definition;
  const bool host_network = reservation.namespaces.network.kind == Kind::host;
  const std::string host_resolv = host_resolv_conf();
  const ResolverSettings resolvers{context.config.dns, context.config.dns_search, context.config.dns_options};
  const std::pair<const char*, std::string> files[] = {
      {"hosts", host_network ? file::read_if_exists("/etc/hosts").value_or("")
                             : hosts_file({definition.config.hostname, definition.config.domainname,
                                           reservation.container.state.endpoint.address})},
      {"hostname", definition.config.hostname + "\n"},
      {"resolv.conf", host_network ? host_resolv : resolv_conf(host_resolv, resolvers)}};
  for (const auto& [name, content] : files) {
    file::write_at(directory, name, content, 0644);
    sys::fchownat(directory, name, root_uid(reservation.mappings), root_gid(reservation.mappings), 0);
  }
}

shim::ShimConfig shim_config(const EngineContext& context, const Reservation& reservation) {
  const ContainerDefinition& definition = reservation.container.definition;
  shim::ShimConfig config;
  config.id = definition.id;
  config.container_dir = context.instance.container_dir(definition.id);
  config.state_dir = context.instance.container_state_dir(definition.id);
  config.name_link = context.instance.name_link(definition.name);
  const Kind network = reservation.namespaces.network.kind;
  if (network == Kind::own || network == Kind::none) config.netns_link = netns_link(reservation.container);
  config.spec =
      build_spec({context.instance, context.config, definition, reservation.namespaces, reservation.mappings});
  config.open_stdin = definition.config.open_stdin;
  config.stdin_once = definition.config.stdin_once;
  config.log = shim_log_config(definition, config.container_dir);
  config.cleanup_command = {process::find_companion("minidock")};
  config.cleanup_command.insert(config.cleanup_command.end(), context.instance_arguments.begin(),
                                context.instance_arguments.end());
  config.cleanup_command.insert(config.cleanup_command.end(), {"internal-clean-up", definition.id});
  config.debug = context.debug;
  return config;
}

void write_container_directory(const EngineContext& context, const Reservation& reservation) {
  const std::string path = context.instance.container_dir(reservation.container.id());
  sys::mkdirat_if_absent(AT_FDCWD, path, 0700);
  const Fd directory = sys::open(path, O_RDONLY | O_DIRECTORY);
  sys::unlinkat_if_present(directory.get(), "exit.json", 0);
  if (sys::mkdirat_if_absent(directory.get(), "upper", 0755)) {
    sys::fchownat(directory.get(), "upper", root_uid(reservation.mappings), root_gid(reservation.mappings), 0);
  }
  sys::mkdirat_if_absent(directory.get(), "work", 0700);
  if (const std::string log = log_file(reservation.container.definition, path); !log.empty()) {
    sys::mkdirat_if_absent(AT_FDCWD, path::parent_of(log), 0700);
  }
  write_engine_files(context, reservation, directory.get());
  create_mount_sources(context, reservation.container.definition, reservation.mappings);
  file::write_at(directory.get(), "shim.json", json::dump(shim::to_json(shim_config(context, reservation))), 0600);
}

// ---- the network of a child that exists

void attach_network(EngineContext& context, const Reservation& reservation, pid_t pid) {
  const Kind network = reservation.namespaces.network.kind;
  if (network != Kind::own && network != Kind::none) return;
  const Fd netns = sys::open(fmt::format("/proc/{}/ns/net", pid), O_RDONLY);
  if (!reservation.has_endpoint()) {
    network::bring_up_loopback(netns.get());
    return;
  }
  const ContainerState& state = reservation.container.state;
  network::attach_endpoint(context.instance, reservation.network, state.endpoint, netns.get());
  if (!state.ports.empty()) network::publish_ports(context.instance, state.endpoint.address, state.ports);
}

void remove_link(const std::string& path, const std::string& target) {
  if (shim::link_target(path) == target) sys::unlinkat_if_present(AT_FDCWD, path, 0);
}

// A shim that was killed could not tidy up after itself.
void remove_remains_of_shim(EngineContext& context, const Container& container, bool ended_with_record) {
  const std::string state_dir = context.instance.container_state_dir(container.id());
  // After its record a shim removes all that it made, the state file last.
  if (ended_with_record && !file::exists(state_dir + "/state.json")) return;
  const std::string cgroup = fmt::format("/{}/{}", context.instance.cgroup_parent, container.id());
  runtime::kill_cgroup(cgroup);
  runtime::remove_cgroup(cgroup);
  sys::unlinkat_if_present(AT_FDCWD, state_dir + "/attach.sock", 0);
  const std::optional<shim::RunningState> running = read_running_state(context.instance, container.id());
  if (!running) return;
  remove_link(netns_link(container), fmt::format("/proc/{}/ns/net", running->init.pid));
  remove_link(context.instance.name_link(container.name()), container.id());
  sys::unlinkat_if_present(AT_FDCWD, state_dir + "/state.json", 0);
}

void undo_start(EngineContext& context, Reservation& reservation, const Error& cause) {
  Container& container = reservation.container;
  container.state.error = cause.message();
  container.state.exit_code = cause.kind() == ErrorKind::command_not_found        ? 127
                              : cause.kind() == ErrorKind::command_not_executable ? 126
                                                                                  : 128;
  reservation.kept.clear();
  const Fd lock = lock_container(context.instance, container.id());  // the shim undoes its part and lets go
  finish(context, container, std::nullopt);
}

}  // namespace

Reservation reserve(EngineContext& context, ContainerDefinition definition, bool is_new) {
  Reservation reservation;
  reservation.namespaces = choose_namespaces(context, definition.host, !context.config.userns_remap.empty());
  reservation.mappings = mappings_for(context, reservation.namespaces);
  choose_hostname(context, definition, reservation.namespaces);
  reservation.kept.push_back(lock_container(context.instance, definition.id));

  Container& container = reservation.container;
  container.definition = std::move(definition);
  container.state.status = ContainerStatus::starting;
  storage::Transaction transaction(context.database);
  if (reservation.namespaces.network.kind == Kind::own) {
    reservation.network = network::default_network(context.database, context.instance, context.config.bip);
    container.state.network_id = reservation.network.id;
    container.state.endpoint = network::reserve_endpoint(context.database, reservation.network, container.id());
    container.state.ports = container.definition.host.ports;
    for (Fd& socket : network::reserve_ports(context.database, container.id(), container.state.endpoint.address,
                                             container.state.ports)) {
      reservation.kept.push_back(std::move(socket));
    }
  }
  if (is_new) {
    insert_container(context.database, container);
    register_volumes(context, container.definition);
  } else {
    update_container_state(context.database, container.id(), container.state);
  }
  transaction.commit();
  return reservation;
}

shim::StartingShim spawn_shim(const storage::Instance& instance, const DaemonConfig& config, const HostConfig& host) {
  shim::SpawnOptions options;
  options.read_only_executable = !is_surely_remapped(host, !config.userns_remap.empty());
  const Fd shims = runtime::open_or_make_cgroup(fmt::format("/{}/shims", instance.cgroup_parent));
  options.cgroup = shims.get();
  return shim::StartingShim::spawn(options);
}

void start(EngineContext& context, Reservation& reservation, shim::StartingShim& shim, bool attach) {
  Container& container = reservation.container;
  try {
    write_container_directory(context, reservation);
    shim.assign(context.instance.container_dir(container.id()), attach, reservation.kept);
    // While the shim makes the namespaces and the child its mounts, the network is made beside them.
    if (reservation.has_endpoint()) {
      network::ensure_host_state(context.database, context.instance, reservation.network);
    }
    const pid_t pid = shim.wait_created();
    try {
      attach_network(context, reservation, pid);
    } catch (const Error&) {
      // A child that died has taken its network namespace along: its own error is the cause to show.
      shim.throw_own_error();
      throw;
    }
    shim.network_ready();
    container.state.running = shim.wait_started();
    container.state.started_at = container.state.running.started_at;
    container.state.status = ContainerStatus::running;
    // state.json tells while it runs. The row is for what a reboot leaves, of which a --rm container is no part.
    if (!container.definition.host.auto_remove) {
      update_container_state(context.database, container.id(), container.state);
    }
    reservation.kept.clear();  // from here on only the shim holds lock and ports
  } catch (const Error& error) {
    shim.abandon();
    undo_start(context, reservation, error);
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
  state.exit_code = record.exit_code;
  state.oom_killed = record.oom_killed;
  state.started_at = record.started_at;
  state.finished_at = record.finished_at;
  state.running = {};
}

// Somebody alive is responsible: only look.
void look(const storage::Instance& instance, Container& container) {
  if (const auto record = read_exit_record(instance, container.id())) {
    apply_record(container.state, *record);
    return;
  }
  if (container.running()) return;
  const std::optional<shim::RunningState> running = read_running_state(instance, container.id());
  if (!running) return;
  container.state.running = *running;
  container.state.started_at = container.state.running.started_at;
  container.state.status = ContainerStatus::running;
}

}  // namespace

Container settle(EngineContext& context, Container container) {
  const bool ended = container.state.status == ContainerStatus::exited;
  if (container.state.status == ContainerStatus::created || (ended && !container.definition.host.auto_remove)) {
    return container;
  }
  const Fd lock = try_lock_container(context.instance, container.id());
  if (!lock) {
    look(context.instance, container);
    return container;
  }
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
    record = shim::ExitRecord{137, false, current->state.started_at, format::now_ns()};
  }
  finish(context, *current, record);
  return std::move(*current);
}

void finish(EngineContext& context, Container& container, const std::optional<shim::ExitRecord>& record) {
  remove_remains_of_shim(context, container, record.has_value());
  // The kernel takes milliseconds to forget map elements: not while others wait for the database.
  if (!container.state.ports.empty()) network::unpublish_ports(context.instance, container.state.ports);
  container.state.ports.clear();
  container.state.endpoint = {};
  container.state.running = {};
  if (record) {
    apply_record(container.state, *record);
  } else {
    container.state.status = ContainerStatus::created;
  }
  if (container.definition.host.auto_remove) {
    remove_container(context, container, true);
    return;
  }
  storage::Transaction transaction(context.database);
  network::release_reservations(context.database, container.id());
  update_container_state(context.database, container.id(), container.state);
  transaction.commit();
}

void remove_container(EngineContext& context, const Container& container, bool anonymous_volumes) {
  // The row goes last: a process killed in between leaves a container that can be removed again.
  file::remove_tree(context.instance.container_dir(container.id()));
  storage::Transaction transaction(context.database);
  network::release_reservations(context.database, container.id());
  if (anonymous_volumes) remove_anonymous_volumes(context, container.id());
  delete_container(context.database, container.id());
  transaction.commit();
  remove_state_directory(context.instance, container.id());
  // It may have been the last to keep the layers of an image that is gone.
  if (!image::has_image(context.database, container.definition.image_id)) {
    storage::collect_garbage(context.database, context.instance);
  }
}

}  // namespace minidock
