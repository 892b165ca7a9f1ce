#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/syscall.h"
#include "engine/check/check.h"
#include "engine/port_changes.h"
#include "network/link_group.h"
#include "network/link_list.h"

namespace minidock::check {
namespace {

// A veth pair goes with the container's network namespace, which the kernel takes away when it gets to it.
constexpr std::chrono::milliseconds kKernelsTime{6000};

// Without the group it may be another instance's.
bool is_own_end(const storage::Instance& instance, const network::ListedLink& link) {
  return link.kind == "veth" && link.group == network::link_group(instance);
}

bool has_own_end(const storage::Instance& instance, const std::string& name) {
  const std::vector<network::ListedLink> links = network::list_links();
  return std::any_of(links.begin(), links.end(),
                     [&](const network::ListedLink& link) { return link.name == name && is_own_end(instance, link); });
}

std::set<std::string> interfaces_of_endpoints(storage::Database& database) {
  std::set<std::string> names;
  storage::Statement rows = database.prepare("SELECT endpoint_id FROM endpoints");
  while (rows.step()) names.insert(network::host_interface_name(rows.text(0)));
  return names;
}

// ---- an interface without an endpoint: the row comes before the interface, and goes after it

void add_leftovers(EngineContext& context, const std::vector<network::ListedLink>& links, Suspicions& found) {
  const std::set<std::string> known = interfaces_of_endpoints(context.database);
  for (const network::ListedLink& link : links) {
    if (!is_own_end(context.instance, link) || known.contains(link.name)) continue;
    const auto examine = [&context, name = link.name](bool repairs) {
      const bool is_so =
          has_own_end(context.instance, name) && !interfaces_of_endpoints(context.database).contains(name);
      if (is_so && repairs) network::remove_host_interface(name);
      return is_so;
    };
    found.push_back({"interface", link.name, "belongs to no endpoint", "removed", examine, kKernelsTime});
  }
}

// ---- an endpoint without its interface

struct EndpointFault {
  std::string what;  // "" when there is none
  bool is_gone = false;
};

EndpointFault fault_of(const std::vector<network::ListedLink>& links, const network::Network& network,
                       const network::Endpoint& endpoint) {
  const auto link = std::find_if(links.begin(), links.end(), [&](const network::ListedLink& candidate) {
    return candidate.name == endpoint.host_interface;
  });
  if (link == links.end()) return {"is gone", true};
  if (link->master != network.interface) return {"is not on bridge " + network.interface, false};
  return {};
}

void put_right(EngineContext& context, const Container& container, const network::Network& network,
               const network::Endpoint& endpoint, bool is_gone) {
  network::ensure_host_state(context.database, context.instance, {network});
  if (!is_gone) return network::reattach_endpoint(network, endpoint);
  const Fd netns = sys::open(fmt::format("/proc/{}/ns/net", container.state.running.init.pid), O_RDONLY);
  network::guard_endpoint(context.database, context.instance, network, endpoint);
  network::attach_endpoint(context.instance, network, endpoint, netns.get(),
                           network::default_routes_by(endpoint, container.state.endpoints));
}

// While nobody connects or disconnects it. A restart would take the interface away, too: the main process is the same
// before and after the look.
bool examine_endpoint(EngineContext& context, const std::string& container_id, const std::string& endpoint_id,
                      bool repairs) {
  const Fd lock = lock_changes(context.instance, container_id);
  const std::optional<SeenContainer> before = see(context, container_id);
  if (!before || before->life != Life::running) return false;
  const Container& container = before->container;
  for (const network::Endpoint& endpoint : container.state.endpoints) {
    if (endpoint.id != endpoint_id) continue;
    const network::Network network = network::get_network(context.database, endpoint.network_id);
    const EndpointFault fault = fault_of(network::list_links(), network, endpoint);
    const std::optional<SeenContainer> after = see(context, container_id);
    const bool is_same_run =
        after && after->life == Life::running && after->container.state.running.init == container.state.running.init;
    if (fault.what.empty() || !is_same_run) return false;
    if (repairs) put_right(context, container, network, endpoint, fault.is_gone);
    return true;
  }
  return false;
}

void add_faults(EngineContext& context, const Picture& picture, const std::vector<network::ListedLink>& links,
                Suspicions& found) {
  for (const SeenContainer& seen : picture.containers) {
    if (seen.life != Life::running) continue;
    for (const network::Endpoint& endpoint : seen.container.state.endpoints) {
      const network::Network* network = picture.network(endpoint.network_id);
      if (network == nullptr || endpoint.host_interface.empty()) continue;
      const EndpointFault fault = fault_of(links, *network, endpoint);
      if (fault.what.empty()) continue;
      const auto examine = [&context, id = seen.container.id(), endpoint_id = endpoint.id](bool repairs) {
        return examine_endpoint(context, id, endpoint_id, repairs);
      };
      found.push_back(
          {"interface", endpoint.host_interface,
           fmt::format("of container {} on network {} {}", seen.container.name(), network->name, fault.what),
           fault.is_gone ? "made again" : "joined to it again", examine});
    }
  }
}

}  // namespace

Suspicions look_for_interfaces(EngineContext& context, const Picture& picture) {
  Suspicions found;
  const std::vector<network::ListedLink> links = network::list_links();
  add_leftovers(context, links, found);
  add_faults(context, picture, links, found);
  return found;
}

}  // namespace minidock::check
