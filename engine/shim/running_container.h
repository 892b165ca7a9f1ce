// From shim.json to a running container, and from its end to nothing left: each thing acquired has an owner, so that a
// start that fails at any step leaves nothing.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "engine/runtime/container_process.h"
#include "engine/shim/container_events.h"
#include "engine/shim/container_log.h"
#include "engine/shim/netns_link.h"
#include "engine/shim/protocol.h"
#include "engine/shim/state_directory.h"
#include "engine/shim/supervisor.h"
#include "names/server.h"

namespace minidock::shim {

void write_exit_record(const std::string& container_dir, const ExitRecord& record);

// The child in its namespaces, not yet let go.
class CreatedContainer {
 public:
  // `config` must live as long. `preserved`: what else of the caller's descriptors the program gets.
  explicit CreatedContainer(const ShimConfig& config, const runtime::PreservedDescriptors& preserved = {});

  // Its network namespace, also when it has failed meanwhile.
  int netns() const { return netns_.get(); }
  // Gives the child its id maps and its root, and opens what the shim itself needs while the child builds on. Beside
  // that the command attaches the network.
  void prepare();
  // Waits until the command has attached the network. False when the command is gone: then the child is not to run. An
  // error of the child's own in the meantime is thrown.
  bool wait_for_network(int start_channel);

 private:
  friend class RunningContainer;
  struct Streams {
    Pipe in;
    Pipe out;
    Pipe err;
    Fd null;
    static Streams open(const ShimConfig& config);
    runtime::StandardStreams inside(const runtime::PreservedDescriptors& preserved) const;
  };
  const ShimConfig& config_;
  Streams streams_;
  runtime::ContainerProcess process_;
  Fd netns_;  // opened while the child waits for prepare(): one that fails later has none
  StateDirectory state_directory_;
  ContainerLog log_;
  Fd listener_;
  OwnedLink netns_link_;
  std::unique_ptr<names::Server> name_server_;
};

class RunningContainer {
 public:
  // Writes the state file when the child stands in its root, lets the child go and returns when its program runs. The
  // child's own error is thrown, with everything undone. `restart_count`: how often the shim has started it again.
  RunningContainer(CreatedContainer created, int restart_count);
  RunningContainer(const RunningContainer&) = delete;
  RunningContainer& operator=(const RunningContainer&) = delete;
  // Kills a container whose end was not recorded.
  ~RunningContainer();

  const RunningState& state() const { return state_; }
  Supervisor& supervisor() { return *supervisor_; }

  // What is to be recorded of an end.
  ExitRecord describe(const Ending& ending);
  EndOfRun end_of_run(const Ending& ending) const;
  // Writes the exit record. Should that fail (disk full), the state file stays, so that the next command finds a
  // container that has ended without one.
  void write(const ExitRecord& record);
  // Removes what the shim has made, in the order that running_container.cc explains, and lets go of it: from here on
  // another shim may start the container again.
  void remove_remains();
  // The same when this shim is to start the container again: the state file says so instead.
  void leave_for_restart(const ExitRecord& record);

 private:
  void kill_and_reap() noexcept;
  void supervise(const ShimConfig& config, CreatedContainer::Streams& streams, Fd terminal, ContainerLog log,
                 Fd listener);
  void monitor(const ShimConfig& config);
  void act_on_unhealthy(OnUnhealthy action);
  void remove_what_was_made();

  std::string container_dir_;
  std::string state_dir_;
  std::string cgroups_path_;
  ContainerEvents events_;
  std::optional<runtime::ContainerProcess> process_;
  StateDirectory state_directory_;
  OwnedLink name_link_;
  OwnedLink netns_link_;
  RunningState state_;
  std::unique_ptr<Supervisor> supervisor_;
  int stop_signal_ = 0;
  int stop_timeout_ = 0;  // seconds; negative: for ever
  bool restart_wanted_ = false;
  bool reaped_ = false;
  bool recorded_ = false;
};

}  // namespace minidock::shim
