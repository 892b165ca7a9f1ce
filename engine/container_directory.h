// <root>/containers/<id>: what the shim is told, the container's upper directory, and the files that the engine puts
// into its /etc.
#pragma once

#include "engine/context.h"
#include "engine/reservation.h"

namespace minidock {

// Makes the directory, or brings the one of an earlier start up to date. The exit record of an earlier run goes.
void write_container_directory(const EngineContext& context, const Reservation& reservation);

}  // namespace minidock
