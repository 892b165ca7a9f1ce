#include <fmt/format.h>

#include <algorithm>

#include "base/path.h"
#include "engine/check/check.h"
#include "engine/resources.h"
#include "engine/runtime/cgroup_list.h"
#include "engine/runtime/container_process.h"
#include "engine/runtime/systemd_scope.h"

namespace minidock::check {
namespace {

bool exists(const std::string& parent, const std::string& id) {
  const std::vector<std::string> groups = runtime::cgroups_below(parent);
  return std::find(groups.begin(), groups.end(), id) != groups.end();
}

// The instance's own, and those that containers have chosen: of a container that is gone nothing tells which it had.
std::set<std::string> parents_of(const storage::Instance& instance, const Picture& picture) {
  std::set<std::string> parents{"/" + instance.cgroup_parent};
  for (const SeenContainer& seen : picture.containers) {
    const std::string path = cgroups_path(instance, seen.container.definition);
    if (!runtime::is_systemd_scope(path)) parents.insert(path::parent_of(path));
  }
  return parents;
}

}  // namespace

Suspicions look_for_cgroups(EngineContext& context, const Picture& picture) {
  Suspicions found;
  const std::string own_parent = "/" + context.instance.cgroup_parent;
  for (const std::string& parent : parents_of(context.instance, picture)) {
    for (const std::string& id : runtime::cgroups_below(parent)) {
      // Elsewhere than below our own parent it may be another instance's.
      const bool is_ours = is_container_id(id) && (parent == own_parent || picture.find(id) != nullptr);
      if (!is_ours || picture.is_alive(id)) continue;
      const std::string path = parent + "/" + id;
      const auto examine = [&context, parent, id, path](bool repairs) {
        const std::optional<Unowned> unowned = Unowned::hold(context, id);
        if (!unowned || !exists(parent, id)) return false;
        if (repairs) runtime::remove_cgroup(path);
        return true;
      };
      found.push_back({"cgroup", path, fmt::format("is of container {}, which does not run", name_of(picture, id)),
                       "removed", examine});
    }
  }
  return found;
}

}  // namespace minidock::check
