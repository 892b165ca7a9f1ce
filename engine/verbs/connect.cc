// network connect and disconnect: of a container that runs at once, of one that does not from its next start on.
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/syscall.h"
#include "engine/attachments.h"
#include "engine/container_files.h"
#include "engine/egress.h"
#include "engine/engine.h"
#include "engine/events.h"
#include "engine/lifecycle.h"
#include "engine/names.h"
#include "engine/port_changes.h"
#include "network/networks.h"

namespace minidock {
namespace {

void check_mode(const std::string& mode, const ListedNetwork& network) {
  const auto refuse = [](const char* text) { throw Error(ErrorKind::permission_denied, text); };
  if (mode == "host" || network.network.name == "host") {
    refuse("container cannot be disconnected from host network or connected to host network");
  }
  if (mode == "none" || network.network.name == "none") {
    refuse("container cannot be connected to multiple networks with one of the networks in private (none) mode");
  }
  if (!has_networks(mode)) {
    refuse(
        "container sharing network namespace with another container or host cannot be connected to any other network");
  }
}

// docker has other words here than where a network itself is the object.
ListedNetwork find_for_container(EngineContext& context, const std::string& name) {
  try {
    return find_listed_network(context, name);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found) throw;
    throw Error(ErrorKind::not_found, fmt::format("network {} not found", name));
  }
}

auto find_endpoint(std::vector<network::Endpoint>& endpoints, const std::string& network_id) {
  return std::find_if(endpoints.begin(), endpoints.end(),
                      [&](const network::Endpoint& endpoint) { return endpoint.network_id == network_id; });
}

// In the caller's transaction. `container`, which knows more than its row of what runs, has the row's networks then.
void store(EngineContext& context, const Container& row, Container& container) {
  update_container_definition(context.database, row.definition);
  update_container_state(context.database, row.id(), row.state);
  container.definition = row.definition;
  container.state.endpoints = row.state.endpoints;
}

Fd network_namespace_of(const Container& container) {
  return sys::open(fmt::format("/proc/{}/ns/net", container.state.running.init.pid), O_RDONLY);
}

using Endpoints = std::vector<network::Endpoint>;

// By the same endpoints as before, in both families.
bool leads_out_alike(const Endpoints& before, const Endpoints& now) {
  const auto id = [](const network::Endpoint* endpoint) { return endpoint == nullptr ? "" : endpoint->id; };
  return id(network::gateway_endpoint(before)) == id(network::gateway_endpoint(now)) &&
         id(network::ipv6_gateway_endpoint(before)) == id(network::ipv6_gateway_endpoint(now));
}

// Another endpoint leads out now, or none does: the default route, and what is published, follow.
void follow_gateway(EngineContext& context, const Container& container, const Endpoints& before, int netns) {
  if (leads_out_alike(before, container.state.endpoints)) return;
  network::set_default_routes(container.state.endpoints, netns);
  const network::PortTarget target = container.state.port_target();
  if (container.state.ports.empty() || target == network::port_target(before)) return;
  network::unpublish_ports(context.instance, container.state.ports);
  network::redirect_ports(context.database, container.id(), target);
  network::publish_ports(context.instance, target, container.state.ports);
}

// The container's /etc/hosts is mounted there: the same file has to change.
void change_own_hosts(EngineContext& context, const Container& container, const network::Endpoint& endpoint,
                      bool is_added) {
  const std::string path = context.instance.container_dir(container.id()) + "/hosts";
  const ContainerConfig& config = container.definition.config;
  std::string hosts = file::read(path);
  for (const std::string& address : addresses_of(endpoint)) {
    const std::string line = own_hosts_line({config.hostname, config.domainname, {}}, address);
    const std::size_t at = hosts.find(line);
    if (is_added) {
      hosts += line;
    } else if (at != std::string::npos) {
      hosts.erase(at, line.size());
    }
  }
  file::write(path, hosts, 0644);
}

// What the running container has of a network that it is connected to. The row knows of it already.
void attach_live(EngineContext& context, const Container& container, const network::Network& network,
                 const Endpoints& before) {
  const network::Endpoint& endpoint = container.state.endpoints.back();
  const Fd netns = network_namespace_of(container);
  network::ensure_host_state(context.database, context.instance, {network});
  network::guard_endpoint(context.database, context.instance, network, endpoint);
  if (is_egress_restricted(container.definition.host)) {
    network::restrict_egress(context.database, context.instance, endpoint);
  }
  network::attach_endpoint(context.instance, network, endpoint, netns.get(), {});
  try {
    follow_gateway(context, container, before, netns.get());
    change_own_hosts(context, container, endpoint, true);
  } catch (const Error&) {
    network::detach_endpoint(endpoint, netns.get());
    throw;
  }
}

// The interface of a container that may not begin all connections goes before its rules, and these before its address
// is another's. Held while the address is released.
Fd release_egress(EngineContext& context, Container& container, const network::Network& network) {
  if (!is_egress_restricted(container.definition.host)) return {};
  const auto endpoint = find_endpoint(container.state.endpoints, network.id);
  if (endpoint == container.state.endpoints.end()) return {};
  network::remove_host_interface(endpoint->host_interface);
  return network::release_egress(context.database, context.instance, *endpoint);
}

// In a transaction of its own: the endpoint is the container's no more. What it was, or nothing when it was none.
std::optional<network::Endpoint> forget_endpoint(EngineContext& context, Container& container,
                                                 const network::Network& network) {
  const Fd egress_lock = release_egress(context, container, network);
  storage::Transaction transaction(context.database);
  Container row = load_container(context.database, container.id());
  std::vector<NetworkAttachment>& networks = row.definition.networks;
  const auto attachment = find_attachment(networks, network.name);
  if (attachment == networks.end()) {
    throw Error(ErrorKind::permission_denied,
                fmt::format("container {} is not connected to network {}", container.id(), network.name));
  }
  networks.erase(attachment);
  std::vector<network::Endpoint>& endpoints = row.state.endpoints;
  std::optional<network::Endpoint> removed;
  const auto endpoint = find_endpoint(endpoints, network.id);
  if (endpoint != endpoints.end()) {
    removed = *endpoint;
    network::release_endpoint(context.database, *endpoint);
    endpoints.erase(endpoint);
  }
  store(context, row, container);
  transaction.commit();
  return removed;
}

// In a transaction of its own. False when the container has ended: it gets an endpoint at its next start.
bool remember_attachment(EngineContext& context, Container& container, const NetworkAttachment& attachment,
                         const network::Network& network) {
  storage::Transaction transaction(context.database);
  Container row = load_container(context.database, container.id());
  const bool is_alive = row.alive();
  std::vector<NetworkAttachment>& networks = row.definition.networks;
  const auto known = find_attachment(networks, network.name);
  if (known != networks.end() && is_alive) {
    throw Error(ErrorKind::permission_denied,
                fmt::format("endpoint with name {} already exists in network {}", container.name(), network.name));
  }
  if (known != networks.end()) networks.erase(known);
  networks.push_back(attachment);
  if (is_alive) reserve_attachment(context, row, attachment, network);
  store(context, row, container);
  transaction.commit();
  return is_alive;
}

// Of a connection that failed: whatever there is of it, but for the interface inside.
void take_back(EngineContext& context, Container& container, const network::Network& network) {
  network::remove_host_interface(container.state.endpoints.back().host_interface);
  const Endpoints before = container.state.endpoints;
  forget_endpoint(context, container, network);
  try {
    follow_gateway(context, container, before, network_namespace_of(container).get());
  } catch (const Error&) {
    // It has ended, and nobody needs a way out.
  }
}

// Nobody else changes networks or ports of a living container meanwhile; `container` is as the last one has left it.
Fd hold_changes(EngineContext& context, Container& container) {
  if (!container.alive()) return Fd();
  Fd lock = lock_changes(context.instance, container.id());
  container = settle(context, load_container(context.database, container.id()));
  return lock;
}

// Whoever starts it writes its state when it runs.
void check_is_not_starting(const Container& container) {
  if (container.state.status != ContainerStatus::starting) return;
  throw Error(ErrorKind::conflict,
              fmt::format("container {} is just being started: try again when it runs", container.name()));
}

}  // namespace

void Engine::connect_network(const std::string& network_name, const std::string& container_name,
                             NetworkAttachment attachment, const std::vector<std::string>& links) {
  EngineContext here = context();
  Container container = resolve(container_name);
  const Fd lock = hold_changes(here, container);
  check_is_not_starting(container);
  const ListedNetwork listed = find_for_container(here, network_name);
  const network::Network& network = listed.network;
  check_mode(container.definition.host.network_mode, listed);
  attachment.network = network.name;
  attachment.links = find_links(here, links);
  const Endpoints before = container.state.endpoints;
  if (!remember_attachment(here, container, attachment, network)) return;
  try {
    // Between two runs there is nothing to attach to: the next one gets it with the others.
    if (container.running()) attach_live(here, container, network, before);
  } catch (const Error&) {
    take_back(here, container, network);
    throw;
  }
  publish_names(here, container);
  record_endpoint_event(instance_, container, container.state.endpoints.back(), "connect");
}

void Engine::disconnect_network(const std::string& network_name, const std::string& container_name) {
  EngineContext here = context();
  Container container = resolve(container_name);
  const Fd lock = hold_changes(here, container);
  const ListedNetwork listed = find_for_container(here, network_name);
  const network::Network& network = listed.network;
  check_is_not_starting(container);
  const Endpoints before = container.state.endpoints;
  if (container.definition.host.network_mode == "host") check_mode("host", listed);
  const std::optional<network::Endpoint> endpoint = forget_endpoint(here, container, network);
  if (!endpoint || !container.alive()) return;
  const Fd netns = container.running() ? network_namespace_of(container) : Fd();
  network::detach_endpoint(*endpoint, netns ? netns.get() : -1);
  if (container.running()) {
    follow_gateway(here, container, before, netns.get());
    change_own_hosts(here, container, *endpoint, false);
  }
  publish_names(here, container);
  publish_network_names(here, network.id);
  record_endpoint_event(instance_, container, *endpoint, "disconnect");
}

}  // namespace minidock
