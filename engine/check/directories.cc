#include "base/directory.h"
#include "base/file.h"
#include "engine/check/check.h"
#include "engine/root_mounts.h"
#include "engine/state_directory.h"

namespace minidock::check {
namespace {

void remove(const storage::Instance& instance, const std::string& path, const std::string& id) {
  if (path == instance.container_state_dir(id)) return remove_state_directory(instance, id);
  file::remove_tree(path);
}

}  // namespace

Suspicions look_for_directories(EngineContext& context, const Picture& picture) {
  Suspicions found;
  for (const std::string& parent : {context.instance.root, context.instance.state}) {
    for (const std::string& id : file::names_in(parent + "/containers")) {
      if (!is_container_id(id) || picture.find(id) != nullptr) continue;
      const std::string path = parent + "/containers/" + id;
      // A container that is just being made has its lock before its row.
      const auto examine = [&context, id, path](bool repairs) {
        const std::optional<Unowned> unowned = Unowned::hold(context, id);
        if (!unowned || unowned->row() || !file::exists(path)) return false;
        if (repairs) remove(context.instance, path, id);
        return true;
      };
      found.push_back({"directory", path, "belongs to no container", "removed", examine});
    }
  }
  return found;
}

}  // namespace minidock::check
