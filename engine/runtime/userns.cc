#include "engine/runtime/userns.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <exception>

#include "base/file.h"
#include "base/syscall.h"

namespace minidock::runtime {
namespace {

std::string map_text(const std::vector<IdMapping>& mappings) {
  std::string text;
  for (const IdMapping& mapping : mappings) {
    text += fmt::format("{} {} {}\n", mapping.container_id, mapping.host_id, mapping.size);
  }
  return text;
}

}  // namespace

std::optional<std::uint32_t> to_host_id(const std::vector<IdMapping>& mappings, std::uint32_t container_id) {
  if (mappings.empty()) return container_id;
  for (const IdMapping& mapping : mappings) {
    if (container_id < mapping.container_id || container_id - mapping.container_id >= mapping.size) continue;
    return mapping.host_id + (container_id - mapping.container_id);
  }
  return std::nullopt;
}

void parent_write_id_maps(pid_t child, const std::vector<IdMapping>& uids, const std::vector<IdMapping>& gids) {
  if (uids.empty() || gids.empty()) {
    throw Error(ErrorKind::invalid_argument, "a new user namespace needs uidMappings and gidMappings");
  }
  file::write_existing(fmt::format("/proc/{}/uid_map", child), map_text(uids));
  file::write_existing(fmt::format("/proc/{}/gid_map", child), map_text(gids));
}

Fd parent_open_user_namespace(pid_t child) { return sys::open(fmt::format("/proc/{}/ns/user", child), O_RDONLY); }

Fd parent_make_user_namespace(const std::vector<IdMapping>& uids, const std::vector<IdMapping>& gids) {
  Pipe hold = sys::pipe();
  struct clone_args arguments {};
  arguments.flags = CLONE_NEWUSER;
  arguments.exit_signal = SIGCHLD;
  const pid_t child = sys::clone3(arguments);
  if (child == 0) {
    // Lives until the parent has opened its namespace, or is gone.
    hold.write.reset();
    char byte = 0;
    _exit(::read(hold.read.get(), &byte, 1) < 0 ? 1 : 0);
  }
  Fd user_namespace;
  std::exception_ptr failure;
  try {
    parent_write_id_maps(child, uids, gids);
    user_namespace = parent_open_user_namespace(child);
  } catch (const Error&) {
    failure = std::current_exception();
  }
  hold.write.reset();
  sys::waitpid(child);
  if (failure) std::rethrow_exception(failure);
  return user_namespace;
}

void child_become_namespace_root() {
  sys::setgroups({});
  sys::setresgid(0);
  sys::setresuid(0);
  // The kernel sets fs.suid_dumpable with new credentials; until exec nobody may look into this process (R5).
  sys::prctl("PR_SET_DUMPABLE", PR_SET_DUMPABLE, 0);
}

}  // namespace minidock::runtime
