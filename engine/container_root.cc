#include "engine/container_root.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/nap.h"
#include "base/syscall.h"
#include "engine/container_directory.h"
#include "engine/lifecycle.h"
#include "engine/namespace_options.h"
#include "engine/reservation.h"
#include "engine/runtime/userns.h"
#include "engine/shim/protocol.h"
#include "engine/spec_builder.h"
#include "engine/volumes.h"

namespace minidock {
namespace {

// What exists of a container at rest: the volumes and host directories that the user asked for. Tmpfs and what the
// kernel fills (/proc, /dev, …) come with a process.
bool is_there_at_rest(const runtime::Mount& mount) {
  if (mount.type != "bind" || mount.destination.starts_with("/dev/")) return false;
  return file::exists(mount.source);
}

bool is_initial_user_namespace(int user_namespace) {
  struct stat own {};
  if (::stat("/proc/self/ns/user", &own) != 0) throw SysError("stat(\"/proc/self/ns/user\")");
  const struct stat other = sys::fstat(user_namespace);
  return own.st_ino == other.st_ino && own.st_dev == other.st_dev;
}

runtime::VisibleRoot open_resting_root(EngineContext& context, const HeldContainer& held, runtime::Spec spec,
                                       int user_namespace, RootView view) {
  make_upper(context.instance, held.container.id(), spec);
  std::erase_if(spec.mounts,
                [&](const runtime::Mount& mount) { return view == RootView::rootfs_only || !is_there_at_rest(mount); });
  // A volume is filled once: later on an empty one is what the container has made of it.
  if (held.container.state.started_at != 0) {
    for (runtime::Mount& mount : spec.mounts) std::erase(mount.options, "copy-up");
  }
  // This mount's end is no end of the container: the next start would refuse an upper directory that was not synced.
  spec.rootfs.is_volatile = false;
  return runtime::parent_build_root(spec, user_namespace);
}

}  // namespace

HeldContainer hold_container(EngineContext& context, const std::string& name) {
  constexpr int kTries = 10'000;
  for (int tries = 0; tries < kTries; ++tries) {
    Container container = settle(context, load_container(context.database, name));
    if (container.running() && process::is_alive(container.state.running.init)) {
      return HeldContainer{std::move(container), Fd()};
    }
    if (Fd lock = try_lock_container(context.instance, container.id())) {
      // The row that was read may be older than the lock.
      Container current = load_container(context.database, container.id());
      if (current.state.status == ContainerStatus::created || current.state.status == ContainerStatus::exited) {
        return HeldContainer{std::move(current), std::move(lock)};
      }
    }
    nap(1);
  }
  throw Error(ErrorKind::conflict,
              fmt::format("container {} is being started or removed by another command; try again", name));
}

bool has_just_ended(const Container& container) {
  constexpr int kMillisecondsOfExit = 100;
  const Fd init = process::open_exact(container.state.running.init);
  pollfd end{init.get(), POLLIN, 0};
  return !init || ::poll(&end, 1, kMillisecondsOfExit) > 0;
}

runtime::Spec spec_of(EngineContext& context, const Container& container) {
  const std::string directory = context.instance.container_dir(container.id());
  if (shim::has_config(directory)) return shim::read_config(directory).spec;
  const ContainerDefinition& definition = container.definition;
  const NamespaceChoices namespaces = choose_namespaces(context, definition.host, !context.config.userns_remap.empty());
  const IdMappings mappings = mappings_for(context, namespaces, definition.id_range);
  create_mount_sources(context, definition, mappings);
  return build_spec({context.instance, context.config, definition, namespaces, mappings, {}});
}

void make_upper(const storage::Instance& instance, const std::string& id, const runtime::Spec& spec) {
  make_directories_of(instance, id, runtime::to_host_id(spec.uid_mappings, 0).value_or(0),
                      runtime::to_host_id(spec.gid_mappings, 0).value_or(0));
}

Fd user_namespace_of(const HeldContainer& held, const runtime::Spec& spec) {
  if (held.container.running()) {
    const ProcessId& init = held.container.state.running.init;
    const Fd pidfd = process::open_exact(init);
    if (!pidfd) throw Error(ErrorKind::conflict, fmt::format("Container {} is not running", held.container.id()));
    Fd user_namespace = runtime::parent_open_user_namespace(init.pid);
    if (!process::is_alive(init)) {
      throw Error(ErrorKind::conflict, fmt::format("Container {} is not running", held.container.id()));
    }
    return is_initial_user_namespace(user_namespace.get()) ? Fd() : std::move(user_namespace);
  }
  if (spec.uid_mappings.empty()) return Fd();
  return runtime::parent_make_user_namespace(spec.uid_mappings, spec.gid_mappings);
}

namespace {

ContainerRoot open_root_of(EngineContext& context, HeldContainer held, RootView view) {
  ContainerRoot root{std::move(held), {}, {}};
  const runtime::Spec spec = spec_of(context, root.held.container);
  root.user_namespace = user_namespace_of(root.held, spec);
  const ProcessId& init = root.held.container.state.running.init;
  if (!root.held.container.running()) {
    root.visible = open_resting_root(context, root.held, spec, root.user_namespace.get(), view);
  } else if (view == RootView::everything) {
    root.visible = runtime::parent_open_running_root(init);
  } else {
    root.visible.root = runtime::parent_clone_running_rootfs(init);
  }
  return root;
}

}  // namespace

ContainerRoot open_container_root(EngineContext& context, const std::string& name, RootView view) {
  HeldContainer held = hold_container(context, name);
  if (!held.container.running()) return open_root_of(context, std::move(held), view);
  // A running container is not held: it may end between any two steps, and then its files are those of one at rest.
  const Container running = held.container;
  try {
    return open_root_of(context, std::move(held), view);
  } catch (const Error&) {
    if (!has_just_ended(running)) throw;
  }
  return open_container_root(context, running.id(), view);
}

}  // namespace minidock
