#include "engine/runtime/stdio.h"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/syscall.h"

namespace minidock::runtime {

void own_pipes(const StandardStreams& streams, uid_t uid) {
  for (const int fd : {streams.in, streams.out, streams.err}) {
    struct statfs info {};
    if (fd < 0 || fstatfs(fd, &info) != 0 || info.f_type != PIPEFS_MAGIC || sys::fstat(fd).st_uid == uid) continue;
    // A pipe that belongs to somebody else stays theirs: the program can use it, only not open it anew.
    if (fchown(fd, uid, static_cast<gid_t>(-1)) != 0 && errno != EPERM && errno != EINVAL) {
      throw SysError(fmt::format("fchown({}, {})", fd, uid));
    }
  }
}

void child_take_streams(const StandardStreams& streams) {
  std::array<Fd, 3> moved;
  const std::array<int, 3> given = {streams.in, streams.out, streams.err};
  for (std::size_t i = 0; i < given.size(); ++i) {
    // Above the targets, so that no dup2 overwrites one that is still needed.
    moved[i] = Fd(sys::checked([&] { return fmt::format("fcntl({}, F_DUPFD_CLOEXEC)", given[i]); },
                               [&] { return fcntl(given[i], F_DUPFD_CLOEXEC, 3); }));
  }
  for (int target = 0; target < 3; ++target) {
    sys::checked([&] { return fmt::format("dup2 to {}", target); },
                 [&] { return dup2(moved[static_cast<std::size_t>(target)].get(), target); });
  }
}

}  // namespace minidock::runtime
