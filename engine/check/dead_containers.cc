#include <fmt/format.h>

#include "base/error.h"
#include "engine/attachments.h"
#include "engine/check/check.h"
#include "engine/lifecycle.h"

namespace minidock::check {
namespace {

// Everything of it goes with the container's own clean-up.
std::function<bool(bool)> clean_up_of(EngineContext& context, const std::string& id) {
  return [&context, id](bool repairs) {
    const std::optional<Unowned> unowned = Unowned::hold(context, id);
    if (!unowned || !unowned->is_dead()) return false;
    if (repairs) settle_held(context, *unowned->row());
    return true;
  };
}

// Nothing else tells of its processes; when they are gone it is one that is dead.
void add_unreadable(EngineContext& context, const SeenContainer& seen, Suspicions& found) {
  const auto examine = [&context, id = seen.container.id()](bool repairs) {
    const std::optional<SeenContainer> current = see(context, id);
    if (!current || current->error.empty()) return false;
    if (!repairs) return true;
    throw Error(ErrorKind::corrupt_data, fmt::format("{}; end its minidock-shim, remove the damaged file in {} and "
                                                     "check again",
                                                     current->error, context.instance.container_state_dir(id)));
  };
  found.push_back({"container", seen.container.name(), "cannot be looked at: " + seen.error, "", examine});
}

}  // namespace

Suspicions look_for_dead_containers(EngineContext& context, const Picture& picture) {
  Suspicions found;
  for (const SeenContainer& seen : picture.containers) {
    if (!seen.error.empty()) add_unreadable(context, seen, found);
    if (seen.life != Life::dead) continue;
    const Container& container = seen.container;
    const std::function<bool(bool)> examine = clean_up_of(context, container.id());
    const std::string whose = fmt::format("container {}, which does not run", container.name());
    const bool has_ended = container.state.status == ContainerStatus::exited;
    found.push_back({"container", container.name(),
                     has_ended
                         ? "has ended and was to be removed"
                         : fmt::format("is {} by its row, but nobody is behind it", to_string(container.state.status)),
                     "cleaned up", examine});
    for (const network::Endpoint& endpoint : container.state.endpoints) {
      for (const std::string& address : addresses_of(endpoint)) {
        found.push_back({"address", address, fmt::format("on network {} is leased to {}", endpoint.network_name, whose),
                         "released", examine});
      }
    }
    for (const network::PublishedPort& port : container.state.ports) {
      found.push_back({"port", port_text(port), "is reserved for " + whose, "released", examine});
    }
  }
  return found;
}

}  // namespace minidock::check
