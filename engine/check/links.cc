#include <fcntl.h>
#include <fmt/format.h>

#include "base/directory.h"
#include "base/syscall.h"
#include "engine/check/check.h"
#include "engine/reservation.h"
#include "engine/shim/netns_link.h"
#include "engine/shim/owned_link.h"

namespace minidock::check {
namespace {

// ---- <state>/names/NAME: the id of the container of that name that runs

void add_name_links(EngineContext& context, const Picture& picture, Suspicions& found) {
  const std::string directory = context.instance.name_link("");
  for (const std::string& name : file::names_in(directory)) {
    const std::string path = directory + name;
    const std::optional<std::string> id = shim::link_target(path);
    if (!id || !is_container_id(*id) || picture.is_alive(*id)) continue;
    // Whoever can take the container's lock knows that no shim is there, which would have the link.
    const auto examine = [&context, path, id = *id](bool repairs) {
      const std::optional<Unowned> unowned = Unowned::hold(context, id);
      if (!unowned || shim::link_target(path) != id) return false;
      if (repairs) sys::unlinkat_if_present(AT_FDCWD, path, 0);
      return true;
    };
    found.push_back(
        {"link", path, fmt::format("leads to container {}, which does not run", short_id(*id)), "removed", examine});
  }
}

// ---- /run/netns/NAME, in a directory that is everybody's. A link that leads to no process any more is of use to
// nobody, whoever made it; one of a container's name may be replaced just now by its new shim.

void add_netns_links(EngineContext& context, Suspicions& found) {
  for (const std::string& name : file::names_in(kNetnsDirectory)) {
    const std::string path = fmt::format("{}/{}", kNetnsDirectory, name);
    if (!shim::is_stale_netns_link(path)) continue;
    const auto examine = [&context, path, name](bool repairs) {
      const bool is_a_name = is_name_taken(context.database, name);
      const std::optional<Unowned> unowned =
          is_a_name ? Unowned::hold(context, load_container(context.database, name).id()) : std::nullopt;
      if ((is_a_name && !unowned) || !shim::is_stale_netns_link(path)) return false;
      if (repairs) sys::unlinkat_if_present(AT_FDCWD, path, 0);
      return true;
    };
    found.push_back({"link", path, "leads to a process that is gone", "removed", examine});
  }
}

}  // namespace

Suspicions look_for_links(EngineContext& context, const Picture& picture) {
  Suspicions found;
  add_name_links(context, picture, found);
  add_netns_links(context, found);
  return found;
}

}  // namespace minidock::check
