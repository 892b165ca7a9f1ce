// A container's files for the verbs that read or write them, running or not: a descriptor of its root, and what keeps
// it valid as long as the verb works.
#pragma once

#include <optional>

#include "base/fd.h"
#include "engine/container_store.h"
#include "engine/context.h"
#include "engine/runtime/spec.h"
#include "engine/runtime/visible_root.h"

namespace minidock {

// A container between two moments of its life: it runs, or nobody starts or removes it while this lives.
struct HeldContainer {
  Container container;
  Fd lock;  // not held when it runs: its shim has the lock
};

// Settles the container, and waits for another command that is just starting or removing it, and for one that has just
// ended to be tidied up. ErrorKind::not_found.
HeldContainer hold_container(EngineContext& context, const std::string& name);

// After a failure at a container that ran: whether its main process has ended, or is about to. A process that exits
// gives up its namespaces a moment before it is seen to be dead.
bool has_just_ended(const Container& container);

// The runtime-spec document of a container: of its last start, or what its first one would be.
runtime::Spec spec_of(EngineContext& context, const Container& container);

// The directories that its files go to, made when they are missing (it was never started).
void make_upper(const storage::Instance& instance, const std::string& id, const runtime::Spec& spec);

// The container's user namespace: that of its main process, or one with the same maps. Invalid without one.
Fd user_namespace_of(const HeldContainer& held, const runtime::Spec& spec);

struct ContainerRoot {
  HeldContainer held;
  runtime::VisibleRoot visible;
  Fd user_namespace;  // invalid: ids are the host's
};

enum class RootView {
  everything,   // with volumes and other mounts
  rootfs_only,  // what the container's own layers have
};
ContainerRoot open_container_root(EngineContext& context, const std::string& name, RootView view);

}  // namespace minidock
