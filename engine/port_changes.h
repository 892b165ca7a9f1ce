// update --publish-add, --publish-rm: another set of published ports, in a container's definition and, while it lives,
// on the host: rows of the database, sockets of its shim, elements of the firewall's maps.
//
// The rows decide what is true, and change in one transaction with the definition. Around it a mark stands in the
// container's state directory, <state dir>/ports.lock: a file that is locked by whoever changes the ports, and not
// empty while the host may differ from the rows. Whoever finds it so and not locked (settle()) makes the host as the
// rows say: the command was killed.
//
//      lock ─► rows ─► mark ─► sockets to the shim ─► one nft transaction ─► commit ─► sockets from the shim ─► no mark
#pragma once

#include <string>

#include "base/fd.h"
#include "engine/container_root.h"
#include "engine/container_store.h"
#include "engine/context.h"
#include "engine/port_plan.h"

namespace minidock {

// ErrorKind::invalid_argument with docker's words for a container without networks of its own.
void check_ports_can_change(const ContainerDefinition& definition);

// The container, alive (between two runs, too) or held.
HeldContainer hold_for_port_change(EngineContext& context, const std::string& name);

// One change, around the caller's transaction. Destroyed before finish() it makes the host again what the rows say:
// the transaction has to have ended by then.
class PortChange {
 public:
  // Of a container that lives: waits for others who change its ports, and has its networks made ready.
  PortChange(EngineContext& context, const Container& container);
  PortChange(const PortChange&) = delete;
  PortChange& operator=(const PortChange&) = delete;
  ~PortChange();
  // In the transaction: the definition, for the caller to store, the rows and the host. Errors as those of -p; nothing
  // of the host has changed then but what the destructor takes back.
  void make(const PortChanges& changes, ContainerDefinition& definition);
  // After the commit.
  void finish();

 private:
  void make_live(const PortPlan& plan, Container& row);
  void mark(bool is_changing);

  EngineContext& context_;
  const Container& container_;
  Fd lock_;  // invalid: the container does not live
  bool changes_host_ = false;
};

// What a change that was killed has left on the host; nothing while somebody is at it.
void mend_ports(EngineContext& context, const std::string& id);
// Whether there is such a thing to mend.
bool has_broken_change(const storage::Instance& instance, const std::string& id);

// The lock of a change, for who changes, or compares, what a living container has of networks: rows and host agree, and
// stay so. Invalid for a container that has no state directory (any more): there is nothing to agree on then.
Fd lock_changes(const storage::Instance& instance, const std::string& id);

}  // namespace minidock
