#include <fmt/format.h>

#include <algorithm>

#include "engine/check/check.h"
#include "engine/port_changes.h"
#include "network/host_check.h"

namespace minidock::check {
namespace {

// While a container starts or ends its rows and elements differ; what is nobody's belongs to no such moment.
bool counts(const network::HostDifference& difference, const Picture& picture) {
  return difference.container_id.empty() || picture.is_running(difference.container_id);
}

bool is_same(const network::HostDifference& a, const network::HostDifference& b) {
  return a.object == b.object && a.what == b.what && a.container_id == b.container_id;
}

// Whoever publishes ports of a container that lives does it in a transaction, or holds the lock of its changes.
bool is_still_so(EngineContext& context, const network::HostDifference& difference) {
  const storage::Transaction transaction(context.database);
  const std::vector<network::HostDifference> differences =
      network::compare_elements(context.database, context.instance);
  return std::any_of(differences.begin(), differences.end(),
                     [&](const network::HostDifference& current) { return is_same(current, difference); });
}

bool examine_element(EngineContext& context, const network::HostDifference& difference, bool repairs) {
  Fd lock;
  if (!difference.container_id.empty()) {
    lock = lock_changes(context.instance, difference.container_id);
    const std::optional<SeenContainer> seen = see(context, difference.container_id);
    if (!seen || seen->life != Life::running) return false;
  }
  if (!is_still_so(context, difference)) return false;
  if (repairs) network::rebuild_firewall(context.database, context.instance);
  return true;
}

// After a boot the tables come with the first container.
bool is_needed(const Picture& picture) {
  return std::any_of(picture.containers.begin(), picture.containers.end(), [](const SeenContainer& seen) {
    return seen.life == Life::running && !seen.container.state.endpoints.empty();
  });
}

}  // namespace

Suspicions look_for_firewall(EngineContext& context, const Picture& picture) {
  if (is_needed(picture) && network::firewall_is_damaged(context.database, context.instance)) {
    const auto examine = [&context](bool repairs) {
      const bool is_so = network::firewall_is_damaged(context.database, context.instance);
      if (is_so && repairs) network::restore_firewall(context.database, context.instance);
      return is_so;
    };
    return {{"firewall", "nft tables " + context.instance.nft_table, "are gone, or not as minidock made them",
             "built again", examine}};
  }
  Suspicions found;
  for (const network::HostDifference& difference : network::compare_elements(context.database, context.instance)) {
    if (!counts(difference, picture)) continue;
    const auto examine = [&context, difference](bool repairs) { return examine_element(context, difference, repairs); };
    const bool is_port = difference.object.find('/') != std::string::npos;
    found.push_back({is_port ? "port" : "firewall", difference.object, difference.what, "built again", examine});
  }
  return found;
}

}  // namespace minidock::check
