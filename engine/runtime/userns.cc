#include "engine/runtime/userns.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <exception>

#include "base/explain.h"
#include "base/file.h"
#include "base/syscall.h"
#include "engine/runtime/explain_words.h"

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
  {
    const explain::Step step("map", [&] { return "users: " + describe(uids); });
    file::write_existing(fmt::format("/proc/{}/uid_map", child), map_text(uids));
  }
  const explain::Step step("map", [&] { return "groups: " + describe(gids); });
  file::write_existing(fmt::format("/proc/{}/gid_map", child), map_text(gids));
}

Fd parent_open_user_namespace(pid_t child) { return sys::open(fmt::format("/proc/{}/ns/user", child), O_RDONLY); }

Fd parent_make_user_namespace(const std::vector<IdMapping>& uids, const std::vector<IdMapping>& gids) {
  struct clone_args arguments {};
  arguments.exit_signal = SIGCHLD;
  arguments.flags = CLONE_NEWUSER;
  const pid_t parent = ::getpid();
  const pid_t holder = sys::clone3(arguments);
  if (holder == 0) {
    // Should the parent be killed now, nobody else would end it.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (::getppid() == parent) ::pause();
    _exit(0);
  }
  Fd user_namespace;
  std::exception_ptr failure;
  try {
    parent_write_id_maps(holder, uids, gids);
    user_namespace = parent_open_user_namespace(holder);
  } catch (const Error&) {
    failure = std::current_exception();
  }
  ::kill(holder, SIGKILL);
  sys::waitpid(holder);
  if (failure) std::rethrow_exception(failure);
  return user_namespace;
}

void child_become_namespace_root() {
  const explain::Step step("user", [] { return "root of the user namespace"; });
  sys::setgroups({});
  sys::setresgid(0);
  sys::setresuid(0);
  // The kernel sets fs.suid_dumpable with new credentials; until exec nobody may look into this process (R5).
  sys::prctl("PR_SET_DUMPABLE", PR_SET_DUMPABLE, 0);
}

}  // namespace minidock::runtime
