// <root>/containers/<id>: what the shim is told, the container's upper directory, and the files that the engine puts
// into its /etc.
#pragma once

#include "engine/context.h"
#include "engine/reservation.h"
#include "engine/streams/client_streams.h"

namespace minidock {

// The container's directory with those that its files go to, made when they are missing. Root in it has the host ids
// `uid` and `gid`. The result is the directory.
Fd make_directories_of(const storage::Instance& instance, const std::string& id, std::uint32_t uid, std::uint32_t gid);

// Makes the directory, or brings the one of an earlier start up to date. The exit record of an earlier run goes.
// `window`: what its terminal begins with; 0 when nobody sits before it.
void write_container_directory(const EngineContext& context, const Reservation& reservation,
                               const streams::WindowSize& window);

}  // namespace minidock
