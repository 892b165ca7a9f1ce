// The commands' side of the shim: start one, attach to one.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "engine/shim/protocol.h"

namespace minidock::shim {

struct SpawnOptions {
  // Root inside may be root outside: then what runs inside must not be the host's writable executable (CVE-2019-5736),
  // and the shim starts from a read-only mount of it. A remapped root may not write to it anyway.
  bool read_only_executable = true;
  // Directory of the cgroup to start in, borrowed: a shim outlives the command, and must outlive what that belongs to
  // (a session, a systemd unit). -1: the caller's.
  int cgroup = -1;
  // So many of the caller's descriptors from 3 on are for the container's program.
  int preserved = 0;
};

// A shim that was just spawned. Destroyed before its program was seen to start, the shim undoes everything and ends,
// and is waited for.
class StartingShim {
 public:
  StartingShim(const StartingShim&) = delete;
  StartingShim& operator=(const StartingShim&) = delete;
  ~StartingShim() { abandon(); }
  // Spawns minidock-shim in a session of its own. It starts up while the command goes on.
  static StartingShim spawn(const SpawnOptions& options);

  // Says which container is to be started. `kept` is what the shim keeps open. With `attach` this command gets the
  // attach channel.
  void assign(const std::string& container_dir, bool attach, const std::vector<Fd>& kept);
  // Waits for `created`, which tells the child's network namespace. The shim's own error is thrown.
  Fd wait_created();
  void network_ready();
  // Waits for `started`. The shim's own error is thrown.
  RunningState wait_started();
  // Waits for `exited`. `take_over_cleanup`: answers `removing`, unless the shim goes on. Nothing when it died without
  // a word.
  std::optional<Exited> wait_exited(bool take_over_cleanup);

  // What the end of this object does.
  void abandon() noexcept;

  Fd take_attach_channel() { return std::move(attach_); }

 private:
  StartingShim(pid_t pid, Fd start, int preserved) : pid_(pid), preserved_(preserved), start_(std::move(start)) {}

  pid_t pid_;  // 0 when it need not be waited for
  int preserved_;
  Fd start_;
  Fd attach_;
};

// Connects to the attach socket of a running container. ErrorKind::not_found when its shim is gone.
Fd connect_attach(const std::string& state_dir);

}  // namespace minidock::shim
