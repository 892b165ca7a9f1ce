#include "engine/port_changes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/error.h"
#include "base/syscall.h"
#include "engine/attachments.h"
#include "engine/lifecycle.h"
#include "engine/reservation.h"
#include "engine/shim/kept_ports.h"
#include "network/networks.h"

namespace minidock {
namespace {

using network::PublishedPort;

std::string lock_path(const storage::Instance& instance, const std::string& id) {
  return instance.container_state_dir(id) + "/ports.lock";
}

bool is_marked(int lock) { return sys::fstat(lock).st_size > 0; }

void set_mark(int lock, bool is_changing) { sys::ftruncate(lock, is_changing ? 1 : 0); }

std::vector<shim::KeptPort> to_keep(const std::vector<PublishedPort>& ports) {
  std::vector<shim::KeptPort> result;
  for (const PublishedPort& port : ports) result.push_back({port.protocol, port.host_ip, port.host_port});
  return result;
}

bool is_same_port_of_host(const PublishedPort& a, const PublishedPort& b) {
  return a.protocol == b.protocol && a.host_ip == b.host_ip && a.host_port == b.host_port;
}

bool has_port_of_host(const std::vector<PublishedPort>& ports, const PublishedPort& wanted) {
  return std::any_of(ports.begin(), ports.end(),
                     [&](const PublishedPort& port) { return is_same_port_of_host(port, wanted); });
}

// A port that is removed and added again, to lead elsewhere, stays reserved all the time; its row changes.
std::vector<PublishedPort> without(const std::vector<PublishedPort>& ports, const std::vector<PublishedPort>& others) {
  std::vector<PublishedPort> result;
  for (const PublishedPort& port : ports) {
    if (!has_port_of_host(others, port)) result.push_back(port);
  }
  return result;
}

// As at creation: what is published is exposed.
void expose(ContainerConfig& config, const std::vector<PublishedPort>& ports) {
  for (const PublishedPort& port : ports) {
    const std::string text = fmt::format("{}/{}", port.container_port, port.protocol);
    std::vector<std::string>& exposed = config.exposed_ports;
    if (std::find(exposed.begin(), exposed.end(), text) == exposed.end()) exposed.push_back(text);
  }
}

// The shim keeps what the rows tell, and nothing else of ports.
void keep_only_rows(EngineContext& context, const std::string& id) {
  const std::optional<Container> row = find_container(context.database, id);
  if (!row) return;
  try {
    shim::keep_only(context.instance.container_state_dir(id), to_keep(row->state.ports));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found) throw;  // with the shim all its sockets are gone
  }
}

// A start discards what nobody could reach, and warns; here it is all that was asked for.
void check_is_reached(const Container& container, const network::PortTarget& target) {
  const network::Endpoint* gateway = container.state.gateway();
  if (gateway == nullptr || target != network::PortTarget{}) return;
  throw Error(ErrorKind::unsupported,
              fmt::format("cannot publish ports of container {}: it leads out by network {} (driver {}), where it is "
                          "reached at {} itself",
                          container.name(), gateway->network_name, gateway->driver, gateway->address));
}

// Everything on the host that the rows tell of a container's ports. The caller holds the ports' lock.
void make_host_as_rows(EngineContext& context, const std::string& id) {
  keep_only_rows(context, id);
  network::reload_host_state(context.database, context.instance);
}

}  // namespace

void check_ports_can_change(const ContainerDefinition& definition) {
  const std::string& mode = definition.host.network_mode;
  if (has_networks(mode)) return;
  throw Error(ErrorKind::invalid_argument, fmt::format("conflicting options: port publishing and the {} network mode",
                                                       mode == "host" || mode == "none" ? mode : "container type"));
}

HeldContainer hold_for_port_change(EngineContext& context, const std::string& name) {
  Container container = settle(context, load_container(context.database, name));
  if (container.restarting()) return HeldContainer{std::move(container), Fd()};
  return hold_container(context, name);
}

PortChange::PortChange(EngineContext& context, const Container& container) : context_(context), container_(container) {
  if (!container.alive()) return;
  lock_ = sys::open(lock_path(context.instance, container.id()), O_RDWR | O_CREAT, 0600);
  sys::flock(lock_.get(), LOCK_EX);
  if (is_marked(lock_.get())) {
    make_host_as_rows(context, container.id());
    set_mark(lock_.get(), false);
  }
  const network::Endpoint* gateway = container.state.gateway();
  if (gateway == nullptr) return;
  network::ensure_host_state(context.database, context.instance,
                             {network::get_network(context.database, gateway->network_id)});
}

PortChange::~PortChange() {
  if (!changes_host_) return;
  try {
    make_host_as_rows(context_, container_.id());
    mark(false);
  } catch (const Error&) {
    // The mark stays: the next command that meets the container tries again, and tells why it cannot.
  }
}

void PortChange::mark(bool is_changing) {
  set_mark(lock_.get(), is_changing);
  changes_host_ = is_changing;
}

void PortChange::make(const PortChanges& changes, ContainerDefinition& definition) {
  Container row = load_container(context_.database, container_.id());
  const bool is_live = lock_.valid() && row.alive();
  const std::vector<PublishedPort> published = is_live ? row.state.ports : std::vector<PublishedPort>{};
  const PortPlan plan = plan_port_changes(changes, definition.host.ports, published, definition.name);
  definition.host.ports = plan.requested;
  expose(definition.config, changes.add);
  if (is_live) make_live(plan, row);
}

// Whatever fails from the mark on is taken back by the destructor.
void PortChange::make_live(const PortPlan& plan, Container& row) {
  const network::Endpoint* gateway = row.state.gateway();
  const network::PortTarget target = row.state.port_target();
  if (!plan.added.empty()) check_is_reached(row, target);
  std::vector<PublishedPort> added = plan.added;
  if (gateway != nullptr) {
    choose_host_addresses(network::get_network(context_.database, gateway->network_id), added);
  }
  added = network::in_each_family(added, target);
  std::vector<PublishedPort> fresh = without(added, plan.removed);
  std::vector<PublishedPort> turned;
  std::copy_if(added.begin(), added.end(), std::back_inserter(turned),
               [&](const PublishedPort& port) { return has_port_of_host(plan.removed, port); });
  network::release_ports(context_.database, row.id(), without(plan.removed, turned));
  for (const PublishedPort& port : turned) network::change_container_port(context_.database, port);
  const std::vector<Fd> sockets = network::reserve_ports(context_.database, row.id(), target, fresh);
  row.state.ports = plan.kept;
  for (const std::vector<PublishedPort>* ports : {&turned, &fresh}) {
    row.state.ports.insert(row.state.ports.end(), ports->begin(), ports->end());
  }
  update_container_state(context_.database, row.id(), row.state);

  // ---- from here the host is not what the rows say
  mark(true);
  shim::keep_ports(context_.instance.container_state_dir(row.id()), sockets);
  if (gateway == nullptr) return;  // nothing leads anywhere until it is connected to a network
  fresh.insert(fresh.end(), turned.begin(), turned.end());
  network::change_published_ports(context_.instance, target, plan.removed, fresh);
}

void PortChange::finish() {
  if (!changes_host_) return;
  changes_host_ = false;  // done but for the sockets of what is removed: nothing is to be taken back any more
  keep_only_rows(context_, container_.id());
  mark(false);
}

namespace {

// Invalid while somebody is at a change, and when none was cut off.
Fd lock_broken_change(const storage::Instance& instance, const std::string& id) {
  const std::string path = lock_path(instance, id);
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0 || found.st_size == 0) return Fd();
  Fd lock = sys::openat_unless(AT_FDCWD, path, O_RDWR, 0, ENOENT);
  if (!lock || !sys::try_flock(lock.get(), LOCK_EX) || !is_marked(lock.get())) return Fd();
  return lock;
}

}  // namespace

void mend_ports(EngineContext& context, const std::string& id) {
  const Fd lock = lock_broken_change(context.instance, id);
  if (!lock) return;
  make_host_as_rows(context, id);
  set_mark(lock.get(), false);
}

bool has_broken_change(const storage::Instance& instance, const std::string& id) {
  return lock_broken_change(instance, id).valid();
}

Fd lock_changes(const storage::Instance& instance, const std::string& id) {
  Fd lock = sys::openat_unless(AT_FDCWD, lock_path(instance, id), O_RDWR | O_CREAT, 0600, ENOENT);
  if (lock) sys::flock(lock.get(), LOCK_EX);
  return lock;
}

}  // namespace minidock
