// start, restart, attach: containers that exist already.
#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/nap.h"
#include "engine/engine.h"
#include "engine/events.h"
#include "engine/foreground.h"
#include "engine/lifecycle.h"
#include "engine/links.h"

namespace minidock {
namespace {

constexpr int kMostTries = 1000;  // at 10 ms each

streams::ClientOptions client_options(const Container& container, const AttachOptions& options) {
  streams::ClientOptions client;
  client.forward_stdin = options.interactive && container.definition.config.open_stdin;
  client.terminal = container.definition.config.tty;
  client.proxy_signals = options.proxy_signals;
  client.set_detach_keys(options.detach_keys);
  return client;
}

void set_auto_remove(storage::Database& database, const std::string& id, bool auto_remove) {
  storage::Transaction transaction(database);
  if (std::optional<Container> container = find_container(database, id)) {
    container->definition.host.auto_remove = auto_remove;
    update_container_definition(database, container->definition);
  }
  transaction.commit();
}

// While it exists the end of a container that was run with --rm is not its removal. When the process that has it is
// killed the container stays, as one without --rm.
class KeepAtEnd {
 public:
  KeepAtEnd(storage::Database& database, const Container& container)
      : database_(database), id_(container.definition.host.auto_remove ? container.id() : "") {
    if (!id_.empty()) set_auto_remove(database_, id_, false);
  }
  KeepAtEnd(const KeepAtEnd&) = delete;
  KeepAtEnd& operator=(const KeepAtEnd&) = delete;
  ~KeepAtEnd() {
    if (id_.empty()) return;
    try {
      set_auto_remove(database_, id_, true);
    } catch (const Error&) {
      // A container too much is a smaller harm than the error that is on its way.
    }
  }

 private:
  storage::Database& database_;
  std::string id_;  // empty: nothing to keep
};

// Its files were not synced; nothing has crashed since, so they are whole (see rootfs.cc on "volatile").
void allow_volatile_again(const storage::Instance& instance, const Container& container) {
  if (!container.definition.host.auto_remove) return;
  file::remove_tree(instance.container_dir(container.id()) + "/work/work/incompat");
}

}  // namespace

std::optional<int> Engine::start(const std::string& name, const AttachOptions& options) {
  const Container found = resolve(name);
  const streams::ClientOptions client = client_options(found, options);
  EngineContext here = context();
  shim::StartingShim shim = spawn_shim(instance_, config_, found.definition.host);
  std::optional<Reservation> reservation = reserve_again(here, found.id());
  for (int tries = 0; !reservation; ++tries) {
    // Somebody has it: it runs, which is what is wanted, or it is on its way up or down.
    const Container current = resolve(found.id());
    if (current.state.paused) {
      throw Error(ErrorKind::conflict, "cannot start a paused container, try unpause instead");
    }
    if (current.running() || current.restarting()) return options.attach ? attach(found.id(), options) : std::nullopt;
    if (tries == kMostTries) {
      throw Error(ErrorKind::unavailable,
                  fmt::format("container {} is being started or removed by another command; try again", name));
    }
    nap(10);
    reservation = reserve_again(here, found.id());
  }
  if (options.attach) record_container_event(instance_, found.definition, "attach");
  minidock::start(here, *reservation, shim, options.attach);
  tell_linking_containers(here, reservation->container);
  if (!options.attach) return std::nullopt;
  return stay_attached(here, *reservation, shim, client);
}

void Engine::restart(const std::string& name, std::optional<int> timeout_seconds, const std::string& signal) {
  const Container found = resolve(name);
  const EngineContext here = context();
  const KeepAtEnd kept(here.database, found);
  stop(found.id(), timeout_seconds, signal);
  allow_volatile_again(instance_, found);
  start(found.id(), {});
  record_container_event(instance_, found.definition, "restart");
}

std::optional<int> Engine::attach(const std::string& name, const AttachOptions& options) {
  const Container found = resolve(name);
  if (found.restarting()) {
    throw Error(ErrorKind::conflict, "You cannot attach to a restarting container, wait until it is running");
  }
  if (!found.running()) {
    throw Error(ErrorKind::conflict, "You cannot attach to a stopped container, start it first");
  }
  if (found.state.paused) {
    throw Error(ErrorKind::conflict, "You cannot attach to a paused container, unpause it first");
  }
  const streams::ClientOptions client = client_options(found, options);
  const Fd init = process::open_exact(found.state.running.init);
  record_container_event(instance_, found.definition, "attach");
  Fd channel = shim::connect_attach(instance_.container_state_dir(found.id()));
  const streams::Result result = streams::relay_shim(std::move(channel), client, init.get());
  if (result.ending == streams::Ending::detached) return std::nullopt;
  if (result.ending == streams::Ending::lost) {
    throw Error(ErrorKind::unavailable,
                fmt::format("the connection to container {} was lost: its shim has ended", name));
  }
  return result.exit_code;
}

void Engine::attach_network(const std::string& id, int netns) {
  EngineContext here = context();
  attach_network_again(here, id, netns);
}

}  // namespace minidock
