#include <fcntl.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/syscall.h"
#include "engine/engine.h"
#include "engine/events.h"
#include "engine/lifecycle.h"
#include "engine/links.h"
#include "engine/name_generator.h"
#include "engine/names.h"
#include "engine/shim/container_events.h"
#include "engine/shim/netns_link.h"
#include "engine/shim/owned_link.h"

namespace minidock {
namespace {

// What tells a running container by its name: new links beside the shim's, which it removes itself, and the names that
// it uses when it starts the container again.
void rename_links(const storage::Instance& instance, const Container& before, const Container& after) {
  shim::ShimConfig config = shim::read_config(instance.container_dir(after.id()));
  config.name_link = instance.name_link(after.name());
  const std::string old_netns = config.netns_link;
  if (!old_netns.empty()) config.netns_link = netns_link(after);
  shim::write_config(config);
  shim::tell_new_name(instance.container_dir(after.id()), after.name());
  if (!after.running()) return;
  shim::OwnedLink::create(config.name_link, after.id(), /*replaces=*/true).release();
  sys::unlinkat_if_present(AT_FDCWD, instance.name_link(before.name()), 0);
  if (old_netns.empty()) return;
  shim::make_netns_link(config.netns_link, after.state.running.init.pid).release();
  const std::string target = fmt::format("/proc/{}/ns/net", after.state.running.init.pid);
  if (shim::link_target(old_netns) == target) sys::unlinkat_if_present(AT_FDCWD, old_netns, 0);
}

}  // namespace

void Engine::rename(const std::string& name, const std::string& typed) {
  const std::string new_name = typed.starts_with('/') ? typed.substr(1) : typed;
  if (new_name.empty()) throw Error(ErrorKind::invalid_argument, "Neither old nor new names may be empty");
  const Container before = resolve(name);
  if (before.name() == new_name) {
    throw Error(ErrorKind::invalid_argument, "Renaming a container with the same name as its current name");
  }
  Container after = before;
  try {
    check_container_name(new_name);
    storage::Transaction transaction(database());
    rename_container(database(), after, new_name);
    rename_in_links(database(), after);
    transaction.commit();
  } catch (const Error& error) {
    throw error.with_context("Error when allocating new name");
  }
  record_container_event(instance_, after.definition, "rename", {{"oldName", "/" + before.name()}});
  if (!after.alive()) return;
  rename_links(instance_, before, after);
  rename_in_networks(context(), after);
}

}  // namespace minidock
