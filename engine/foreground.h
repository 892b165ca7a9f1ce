// A container with the user's streams attached, from its start to its end.
#pragma once

#include <optional>

#include "engine/context.h"
#include "engine/reservation.h"
#include "engine/shim/client.h"
#include "engine/streams/client_streams.h"

namespace minidock {

// After start() with `attach`: returns the exit code when the program has ended (the container is cleaned up then,
// unless a restart follows), nothing when the user detached. ErrorKind::unavailable when the shim was killed.
std::optional<int> stay_attached(EngineContext& context, Reservation& reservation, shim::StartingShim& shim,
                                 const streams::ClientOptions& client);

}  // namespace minidock
