// From a definition to a running container and back: what is acquired in which order, and how each is given back, also
// when the process that acquired it was killed.
//
//   starting ──► running ──► exited ──► (removed)
//      └──► created (the start failed: docker keeps such a container) or removed (--rm)
//
// The container's lock is taken before its row says "starting" and travels to the shim, which keeps it until it ends.
// So a row that says "starting" or "running" while the lock is free belongs to nobody alive: settle() finishes it.
#pragma once

#include <optional>
#include <string>

#include "engine/container_store.h"
#include "engine/context.h"
#include "engine/reservation.h"
#include "engine/shim/client.h"

namespace minidock {

// A shim for a container that is still to be decided on: its own start takes as long as that. A shim that is given
// nothing to do ends with its StartingShim.
// `preserved`: so many of our descriptors from 3 on are for its program.
shim::StartingShim spawn_shim(const storage::Instance& instance, const DaemonConfig& config, const HostConfig& host,
                              int preserved = 0);

// Directories, files and shim.json; the shim's child, the network; returns when the program runs. When any of it fails
// all of it is undone: with --rm the container is gone, else it is "created" with the error in its state.
void start(EngineContext& context, Reservation& reservation, shim::StartingShim& shim, bool attach);

// The network of a child that the shim has made to start the container again, whose network namespace `netns` is:
// address and ports are reserved still.
void attach_network_again(EngineContext& context, const std::string& id, int netns);

// What the state directory tells of a container behind which somebody is alive, written into its state. Changes
// nothing.
void look_at_living(const storage::Instance& instance, Container& container);

// The truth about a container (see above); finishes what nobody alive is responsible for. A container that went with
// its end (--rm) comes back as exited, though its row is gone.
Container settle(EngineContext& context, Container container);
// The same for who holds the container's lock: nobody is alive.
Container settle_held(EngineContext& context, Container container);

// Deletes directories and row. The caller holds the lock, nothing is alive.
void remove_container(EngineContext& context, const Container& container, bool anonymous_volumes);

// exit.json, when there is one.
std::optional<shim::ExitRecord> read_exit_record(const storage::Instance& instance, const std::string& id);

}  // namespace minidock
