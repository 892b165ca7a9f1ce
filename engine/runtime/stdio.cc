#include "engine/runtime/stdio.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/syscall.h"
#include "engine/runtime/userns.h"

namespace minidock::runtime {

void own_pipes(const StandardStreams& streams, uid_t uid, gid_t gid) {
  for (const int fd : {streams.in, streams.out, streams.err}) {
    struct statfs info {};
    if (fd < 0 || fstatfs(fd, &info) != 0 || info.f_type != PIPEFS_MAGIC || sys::fstat(fd).st_uid == uid) continue;
    // A pipe that belongs to somebody else stays theirs: the program can use it, only not open it anew.
    if (fchown(fd, uid, gid) != 0 && errno != EPERM && errno != EINVAL) {
      throw SysError(fmt::format("fchown({}, {}, {})", fd, uid, gid));
    }
  }
}

void parent_own_pipes(const StandardStreams& streams, const Spec& spec) {
  own_pipes(streams, to_host_id(spec.uid_mappings, 0).value_or(0), to_host_id(spec.gid_mappings, 0).value_or(0));
}

void child_take_streams(const StandardStreams& streams) {
  std::array<Fd, 3> moved;
  const std::array<int, 3> given = {streams.in, streams.out, streams.err};
  for (std::size_t i = 0; i < given.size(); ++i) {
    // Above the targets, so that no dup2 overwrites one that is still needed.
    moved[i] = sys::dup_cloexec(given[i]);
  }
  for (int target = 0; target < 3; ++target) {
    sys::checked([&] { return fmt::format("dup2 to {}", target); },
                 [&] { return dup2(moved[static_cast<std::size_t>(target)].get(), target); });
  }
}

void child_keep_descriptors(const PreservedDescriptors& preserved) {
  for (int i = 0; i < preserved.count; ++i) {
    const int from = preserved.first + i;
    const int to = STDERR_FILENO + 1 + i;
    sys::checked([&] { return fmt::format("keeping descriptor {} for the program as {}", from, to); },
                 [&] { return from == to ? fcntl(to, F_SETFD, 0) : dup2(from, to); });
  }
}

}  // namespace minidock::runtime
