#include "engine/foreground.h"

#include <fmt/format.h>

#include "base/error.h"
#include "engine/lifecycle.h"

namespace minidock {

std::optional<int> stay_attached(EngineContext& context, Reservation& reservation, shim::StartingShim& shim,
                                 const streams::ClientOptions& client) {
  Container& container = reservation.container;
  const Fd init = process::open_exact(container.state.running.init);
  const streams::Result result = streams::relay_shim(shim.take_attach_channel(), client, init.get());
  if (result.ending == streams::Ending::detached) return std::nullopt;

  // The shim writes its record and ends; this command cleans up in its place.
  const std::optional<shim::Exited> exited = shim.wait_exited(true);
  if (exited && exited->restarting) return exited->record.exit_code;
  const Fd lock = lock_container(context.instance, container.id());
  std::optional<shim::ExitRecord> record;
  if (exited) record = exited->record;
  finish(context, container, record);
  if (!record) {
    throw Error(ErrorKind::unavailable, fmt::format("the shim of container {} was killed, and the container with it",
                                                    container.id().substr(0, 12)));
  }
  return record->exit_code;
}

}  // namespace minidock
