// update: the definition in the database, and of a container that runs the cgroups and published ports. One transaction
// around all of it.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "engine/container_root.h"
#include "engine/engine.h"
#include "engine/events.h"
#include "engine/host_option_parsers.h"
#include "engine/lifecycle.h"
#include "engine/port_changes.h"
#include "engine/resources.h"
#include "engine/runtime/cgroup_v2.h"
#include "engine/runtime/limited_groups.h"
#include "engine/runtime/systemd_scope.h"
#include "engine/shim/protocol.h"
#include "engine/shim/state_directory.h"
#include "engine/systemd_bus.h"

namespace minidock {
namespace {

void require(bool holds, const char* text) {
  if (!holds) throw Error(ErrorKind::invalid_argument, text);
}

// --cpus stands for a period and a quota: whoever set it in one way has to stay with it.
void check_conflicts(const Resources& current, const Resources& change) {
  require(change.nano_cpus == 0 || current.cpu_period == 0,
          "Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set");
  require(change.nano_cpus == 0 || current.cpu_quota <= 0,
          "Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set");
  require(change.cpu_period == 0 || current.nano_cpus == 0,
          "Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set");
  require(change.cpu_quota <= 0 || current.nano_cpus == 0,
          "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set");
  require(
      change.memory == 0 || change.memory_swap != 0 || current.memory_swap <= 0 || change.memory <= current.memory_swap,
      "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time");
}

void check_change(const Resources& current, Resources change) {
  // A limit on memory and swap together is measured against that on memory, be it new or old.
  if (change.memory == 0) change.memory = current.memory;
  check_resources(change);
}

template <typename Value>
void take(Value& current, const Value& change) {
  if (change != Value{}) current = change;
}

void merge(Resources& current, const Resources& change) {
  take(current.blkio_weight, change.blkio_weight);
  take(current.nano_cpus, change.nano_cpus);
  take(current.cpu_shares, change.cpu_shares);
  take(current.cpu_period, change.cpu_period);
  take(current.cpu_quota, change.cpu_quota);
  take(current.cpu_realtime_period, change.cpu_realtime_period);
  take(current.cpu_realtime_runtime, change.cpu_realtime_runtime);
  take(current.cpuset_cpus, change.cpuset_cpus);
  take(current.cpuset_mems, change.cpuset_mems);
  take(current.memory, change.memory);
  take(current.memory_swap, change.memory_swap);
  take(current.memory_reservation, change.memory_reservation);
  if (change.pids_limit) current.pids_limit = std::max<std::int64_t>(*change.pids_limit, 0);
}

// What `exec` and the next reader find; the shim itself has read it.
void rewrite_shim_config(const storage::Instance& instance, const std::string& id,
                         const runtime::ResourceLimits& limits) {
  shim::ShimConfig config = shim::read_config(instance.container_dir(id));
  config.spec.resources = limits;
  shim::write_config(config);
}

void apply(const storage::Instance& instance, const Container& container) {
  runtime::ResourceLimits limits = runtime_limits(container.definition.host.resources);
  // Lifting a limit is a change, too.
  if (container.definition.host.resources.pids_limit == 0) limits.pids = 0;
  const std::string path = cgroups_path(instance, container.definition);
  const Fd cgroup = runtime::open_v2_cgroup(path);
  if (!cgroup) return;  // it has just ended
  runtime::LimitedGroups::plan(path, limits).change(cgroup.get());
  if (runtime::is_systemd_scope(path)) {
    SystemdBus::connect().set_properties(path::base_name(path), runtime::limit_properties(limits));
  }
  rewrite_shim_config(instance, container.id(), limits);
}

// The groups of a container that ends go between any two steps: then the change counts from its next start on, as for
// one that does not run.
void apply_if_running(const storage::Instance& instance, const Container& container) {
  if (!container.running()) return;
  try {
    apply(instance, container);
  } catch (const Error&) {
    if (!has_just_ended(container)) throw;
  }
}

// `ports`: nothing when they stay.
void update_one(EngineContext& here, Container found, const UpdateOptions& options) {
  std::optional<PortChange> ports;
  if (!options.ports.empty()) ports.emplace(here, found);
  storage::Transaction transaction(here.database);
  // Another update may have been faster.
  if (std::optional<Container> current = find_container(here.database, found.id())) {
    found.definition = std::move(current->definition);
  }
  Resources change = options.resources;
  for (const std::string& warning : discard_unsupported(change)) here.warn(warning);
  HostConfig& host = found.definition.host;
  check_change(host.resources, change);
  if (options.restart) options::check_restart_policy(*options.restart);
  try {
    check_conflicts(host.resources, change);
    merge(host.resources, change);
    complete_resources(host.resources);
    if (options.restart) {
      require(!host.auto_remove || options.restart->name == "no",
              "Restart policy cannot be updated because AutoRemove is enabled for the container");
      host.restart = *options.restart;
      // A shim reads it at the next end.
      const shim::RestartSettings settings{host.restart.name, host.restart.maximum_retries};
      if (found.alive()) shim::write_restart_settings(here.instance.container_state_dir(found.id()), settings);
    }
    if (ports) ports->make(options.ports, found.definition);
    update_container_definition(here.database, found.definition);
    apply_if_running(here.instance, found);
  } catch (const Error& error) {
    throw error.with_context(fmt::format("Cannot update container {}", found.id()));
  }
  transaction.commit();
  if (ports) ports->finish();
  record_container_event(here.instance, found.definition, "update");
}

}  // namespace

void Engine::update(const std::string& name, const UpdateOptions& options) {
  EngineContext here = context();
  if (options.ports.empty()) return update_one(here, resolve(name), options);
  check_ports_can_change(resolve(name).definition);
  const HeldContainer held = hold_for_port_change(here, name);
  try {
    update_one(here, held.container, options);
  } catch (const Error&) {
    if (!held.container.alive() || !has_just_ended(held.container)) throw;
    // Then the change counts from its next start on.
    update_one(here, hold_for_port_change(here, held.container.id()).container, options);
  }
}

}  // namespace minidock
