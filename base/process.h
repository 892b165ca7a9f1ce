// Processes of the host as stored facts: a pid alone is never trusted, it goes with its start time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"

namespace minidock {

// A pid with field 22 (starttime, clock ticks since boot) of /proc/PID/stat: unique until the next boot.
struct ProcessId {
  pid_t pid = 0;
  std::uint64_t start_time = 0;
  bool operator==(const ProcessId&) const = default;
};

namespace process {

// Nothing when there is no such process.
std::optional<std::uint64_t> start_time_of(pid_t pid);

ProcessId self();

// A pidfd to exactly that process; invalid when it is gone, a zombie, or another one has its pid.
Fd open_exact(const ProcessId& process);
bool is_alive(const ProcessId& process);

struct SpawnOptions {
  std::string program;                       // absolute path
  std::vector<std::string> arguments;        // argv, argv[0] included
  std::vector<std::pair<int, int>> fds;      // {ours, number in the child}; everything else is closed on exec
  bool new_session = false;
  // Descriptor to execute instead of `program` (execveat with AT_EMPTY_PATH); -1 for none.
  int program_fd = -1;
  // Directory of the v2 cgroup to start in, borrowed; -1: the caller's.
  int cgroup = -1;
};

// vfork-style clone + exec; standard streams are inherited unless mapped in `fds`. All signals get their default action
// and an empty mask. Throws SysError when the program cannot be executed.
pid_t spawn(const SpawnOptions& options);

// Exit code in shell convention for a wait status: the code, or 128 + signal.
int exit_code(int wait_status);

// Directory of the running executable (from /proc/self/exe).
std::string executable_directory();

// Finds a companion program: beside the running executable, or in ../libexec/minidock below it.
std::string find_companion(const std::string& name);

// A descriptor to execute `path` by (execveat with AT_EMPTY_PATH) whose mount is read-only and detached: whoever later
// opens /proc/PID/exe for writing gets EROFS, so a container that reaches its own executable cannot overwrite the
// host's (CVE-2019-5736).
Fd open_read_only_executable(const std::string& path);

}  // namespace process
}  // namespace minidock
