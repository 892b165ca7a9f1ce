// <container state dir>: what says that a container runs, the socket to attach to it, and what commands and shim leave
// there for each other.
#pragma once

#include <optional>
#include <string>

#include "base/fd.h"
#include "engine/shim/protocol.h"

namespace minidock::shim {

// Tells the shim of a container that its next end is wanted: no restart policy starts it again. Who waits to restart it
// is woken by SIGTERM besides. What the machine's shutdown stops is wanted again after the boot; a user's stop goes
// before that, whichever comes first.
enum class StopReason { user, shutdown };
void request_stop(const std::string& state_dir, StopReason reason);
// For whichever reason.
bool is_stop_requested(const std::string& state_dir);
bool is_stopped_by_user(const std::string& state_dir);
// Before a start: what was asked of the last run, and who joined it, is over.
void forget_requests(const std::string& state_dir);

// Another container has joined this one's network namespace, which may live longer than this run then.
void note_network_guest(const std::string& state_dir);
bool had_network_guest(const std::string& state_dir);

// `update --restart` of a container that runs: goes before what its shim was started with.
void write_restart_settings(const std::string& state_dir, const RestartSettings& settings);
std::optional<RestartSettings> read_restart_settings(const std::string& state_dir);

// health.json: docker's State.Health, times in ns since the epoch.
void write_health(const std::string& state_dir, const Json& report);
std::optional<Json> read_health(const std::string& state_dir);

// Owns state.json and attach.sock: removes them at its end.
class StateDirectory {
 public:
  // Makes the directory (0700) when it is missing.
  explicit StateDirectory(const std::string& path);
  StateDirectory(StateDirectory&&) noexcept = default;
  StateDirectory& operator=(StateDirectory&&) = delete;
  ~StateDirectory();

  // Binds attach.sock (0600) and listens.
  Fd listen();
  void write_state(const RunningState& state);

  // From here on nobody new can attach.
  void remove_socket() noexcept;
  // Lets go of the directory: without state.json when `remove_state`.
  void leave(bool remove_state) noexcept;

 private:
  Fd directory_;
};

}  // namespace minidock::shim
