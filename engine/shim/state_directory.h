// <container state dir>: what says that a container runs, and the socket to attach to it.
#pragma once

#include <string>

#include "base/fd.h"
#include "engine/shim/protocol.h"

namespace minidock::shim {

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
