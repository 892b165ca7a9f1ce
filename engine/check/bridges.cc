#include <fmt/format.h>

#include <algorithm>

#include "engine/check/check.h"
#include "network/bridge.h"
#include "network/host_check.h"
#include "network/link_group.h"
#include "network/link_list.h"

namespace minidock::check {
namespace {

bool is_on(const Container& container, const network::Network& network) {
  const std::vector<network::Endpoint>& endpoints = container.state.endpoints;
  return std::any_of(endpoints.begin(), endpoints.end(),
                     [&](const network::Endpoint& endpoint) { return endpoint.network_id == network.id; });
}

// The networks whose bridges have to be there: a network without a container gets its bridge with the first one.
std::vector<network::Network> used_networks(const Picture& picture) {
  std::vector<network::Network> used;
  for (const network::Network& network : picture.networks) {
    if (!network::is_bridged(network)) continue;
    if (std::any_of(picture.containers.begin(), picture.containers.end(), [&](const SeenContainer& seen) {
          return seen.life == Life::running && is_on(seen.container, network);
        })) {
      used.push_back(network);
    }
  }
  return used;
}

std::vector<network::Network> used_networks_now(EngineContext& context) { return used_networks(take_picture(context)); }

// A bridge that was made again has no ports.
void make_again(EngineContext& context, const network::Network& network) {
  network::ensure_host_state(context.database, context.instance, {network});
  for (const SeenContainer& seen : take_picture(context).containers) {
    if (seen.life != Life::running) continue;
    for (const network::Endpoint& endpoint : seen.container.state.endpoints) {
      if (endpoint.network_id == network.id) network::reattach_endpoint(network, endpoint);
    }
  }
}

void add_faults(EngineContext& context, const std::vector<network::Network>& used, Suspicions& found) {
  for (const network::Network& network : used) {
    const std::string fault = network::bridge_fault(network);
    if (fault.empty()) continue;
    const auto examine = [&context, id = network.id, fault](bool repairs) {
      for (const network::Network& current : used_networks_now(context)) {
        if (current.id != id || network::bridge_fault(current) != fault) continue;
        if (repairs) make_again(context, current);
        return true;
      }
      return false;
    };
    found.push_back(
        {"bridge", network.interface, fmt::format("of network {} {}", network.name, fault), "made again", examine});
  }
}

void add_forwarding(EngineContext& context, const std::vector<network::Network>& used, Suspicions& found) {
  for (const network::HostDifference& difference : network::compare_forwarding(used)) {
    const auto examine = [&context, difference](bool repairs) {
      const std::vector<network::Network> current = used_networks_now(context);
      const std::vector<network::HostDifference> differences = network::compare_forwarding(current);
      const bool is_so =
          std::any_of(differences.begin(), differences.end(),
                      [&](const network::HostDifference& candidate) { return candidate.object == difference.object; });
      if (is_so && repairs) network::ensure_host_state(context.database, context.instance, current);
      return is_so;
    };
    found.push_back({"sysctl", difference.object, difference.what, "set again", examine});
  }
}

bool is_own_bridge(const storage::Instance& instance, const network::ListedLink& link) {
  return link.kind == "bridge" && link.group == network::link_group(instance);
}

void add_unused(EngineContext& context, const Picture& picture, Suspicions& found) {
  for (const network::ListedLink& link : network::list_links()) {
    if (!is_own_bridge(context.instance, link)) continue;
    const auto is_its = [&](const network::Network& network) { return network.interface == link.name; };
    if (std::any_of(picture.networks.begin(), picture.networks.end(), is_its)) continue;
    const auto examine = [&context, interface = link.name](bool repairs) {
      for (const network::ListedLink& current : network::list_links()) {
        if (current.name != interface || !is_own_bridge(context.instance, current)) continue;
        return network::remove_unused_bridge(context.database, context.instance, interface, repairs);
      }
      return false;
    };
    found.push_back({"bridge", link.name, "belongs to no network", "removed", examine});
  }
}

}  // namespace

Suspicions look_for_bridges(EngineContext& context, const Picture& picture) {
  Suspicions found;
  const std::vector<network::Network> used = used_networks(picture);
  add_faults(context, used, found);
  add_forwarding(context, used, found);
  add_unused(context, picture, found);
  return found;
}

}  // namespace minidock::check
