#include "engine/foreground.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/nap.h"
#include "engine/lifecycle.h"
#include "engine/running_containers.h"

namespace minidock {
namespace {

// After its end. A `restart` that has the lock first tidies up too, and keeps the lock for the next run.
void tidy_up(EngineContext& context, const Container& container) {
  Fd lock;
  while (!(lock = try_lock_container(context.instance, container.id()))) {
    const std::optional<shim::RunningState> running = read_running_state(context.instance, container.id());
    if (running && running->started_at != container.state.running.started_at) return;
    nap(1);
  }
  settle_held(context, container);
}

}  // namespace

std::optional<int> stay_attached(EngineContext& context, Reservation& reservation, shim::StartingShim& shim,
                                 const streams::ClientOptions& client) {
  Container& container = reservation.container;
  const Fd init = process::open_exact(container.state.running.init);
  const streams::Result result = streams::relay_shim(shim.take_attach_channel(), client, init.get());
  if (result.ending == streams::Ending::detached) return std::nullopt;

  // The shim writes its record and ends; this command cleans up in its place, unless another one is faster.
  const std::optional<shim::Exited> exited = shim.wait_exited(true);
  if (exited && exited->restarting) return exited->record.exit_code;
  tidy_up(context, container);
  if (!exited) {
    throw Error(ErrorKind::unavailable, fmt::format("the shim of container {} was killed, and the container with it",
                                                    container.id().substr(0, 12)));
  }
  return exited->record.exit_code;
}

}  // namespace minidock
