#include "engine/runtime/execution.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <climits>
#include <csignal>
#include <span>

#include "base/explain.h"
#include "base/path.h"
#include "base/syscall.h"
#include "engine/runtime/capabilities.h"
#include "engine/runtime/explain_words.h"
#include "engine/runtime/handshake.h"
#include "engine/runtime/limited_groups.h"
#include "engine/runtime/program.h"
#include "engine/runtime/rlimits.h"
#include "engine/runtime/seccomp_filter.h"
#include "engine/runtime/stdio.h"
#include "engine/runtime/user_lookup.h"

namespace minidock::runtime {
namespace {

constexpr mode_t kDefaultUmask = 0022;
constexpr std::uint64_t kSysAdmin = std::uint64_t{1} << CAP_SYS_ADMIN;

// By descriptor: a working directory of /proc/self/fd/N must not lead to the host (CVE-2024-21626).
void enter(int root, const std::string& cwd) { sys::fchdir(path::open_in_root(root, cwd, O_PATH | O_DIRECTORY).get()); }

// True when the user has to try again with its own rights (a directory that root inside may not search).
bool enter_working_directory(int root, const std::string& cwd) {
  if (cwd.empty() || cwd[0] != '/') {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("the working directory '{}' is invalid, it needs to be an absolute path", cwd));
  }
  try {
    enter(root, cwd);
    return false;
  } catch (const SysError& error) {
    if (error.error_number() == EACCES) return true;
    if (error.error_number() == ENOTDIR) {
      throw Error(ErrorKind::invalid_argument, fmt::format("chdir to cwd (\"{}\") failed: not a directory", cwd),
                  ENOTDIR);
    }
    throw error.with_context(fmt::format("chdir to cwd (\"{}\") failed", cwd));
  }
}

void check_inside_root() {
  std::array<char, PATH_MAX> directory{};
  // The kernel writes "(unreachable)" before a path that is outside.
  if (getcwd(directory.data(), directory.size()) == nullptr || directory[0] != '/') {
    throw Error(ErrorKind::permission_denied, "the working directory is outside of the container's root");
  }
}

void take_standard_streams(const Execution& execution, uid_t uid) {
  const explain::Step step("terminal", [&] {
    return execution.terminal != nullptr ? "a session of its own on the terminal"
                                         : "a session of its own; pipes as standard streams";
  });
  sys::setsid();
  if (execution.terminal != nullptr) return child_take_terminal(execution.terminal->slave.get(), uid);
  own_pipes(execution.streams, uid, static_cast<gid_t>(-1));
  child_take_streams(execution.streams);
}

struct CapabilityPlan {
  std::uint64_t final_set = 0;
  std::uint64_t for_filter = 0;  // kept until the filter is loaded
};

void take_ids(const User& user) {
  try {
    sys::setgroups(user.groups);
    sys::setresgid(user.gid);
    sys::setresuid(user.uid);
  } catch (const SysError& error) {
    if (error.error_number() != EINVAL) throw;
    throw Error(ErrorKind::invalid_argument,
                fmt::format("user {}:{}, or one of its groups, is not mapped in the container's user namespace: "
                            "/etc/subuid and /etc/subgid say how many ids there are; --userns host has all",
                            user.uid, user.gid),
                EINVAL);
  }
}

void become(const User& user, const CapabilityPlan& plan, std::uint64_t bounding, bool dies_with_parent) {
  {
    const explain::Step step("capability",
                             [&] { return "the most it can ever have: " + describe_capabilities(bounding); });
    child_limit_capabilities(bounding);
  }
  const explain::Step step("user", [&] {
    return fmt::format("uid {}, gid {}, {} further groups; {} capabilities are left", user.uid, user.gid,
                       user.groups.size(), std::popcount(plan.final_set));
  });
  sys::prctl("PR_SET_KEEPCAPS", PR_SET_KEEPCAPS, 1);
  take_ids(user);
  // Both are undone by new credentials.
  sys::prctl("PR_SET_DUMPABLE", PR_SET_DUMPABLE, 0);
  if (dies_with_parent) sys::prctl("PR_SET_PDEATHSIG", PR_SET_PDEATHSIG, SIGKILL);
  child_set_capabilities(plan.final_set, plan.final_set | plan.for_filter);
}

CapabilityPlan plan_capabilities(const Execution& execution, const User& user) {
  const std::uint64_t available = permitted_capabilities();
  CapabilityPlan plan;
  // Another user than root loses them at exec in any case (capabilities(7)); without them its paths are checked as its
  // own from here on.
  if (user.uid == 0) plan.final_set = capability_set(execution.process.capabilities.permitted) & available;
  if (!execution.filter.empty() && !execution.process.no_new_privileges) plan.for_filter = kSysAdmin & available;
  return plan;
}

std::vector<std::string> environment_for(const Process& process, const User& user) {
  std::vector<std::string> environment = process.env;
  std::erase(environment, "HOME=");  // as docker: empty is not set
  const bool has_home = std::any_of(environment.begin(), environment.end(),
                                    [](const std::string& variable) { return variable.starts_with("HOME="); });
  if (!has_home) environment.push_back("HOME=" + user.home);
  return environment;
}

void announce_ready(const Execution& execution) {
  if (execution.terminal == nullptr) return send_step(execution.channel, Step::ready);
  const std::array<int, 1> fds = {execution.terminal->master.get()};
  send_step(execution.channel, Step::ready, {}, fds);
}

void close_on_exec_from(unsigned first) {
  sys::checked([=] { return fmt::format("close_range({}, max, CLOEXEC)", first); },
               [=] { return static_cast<int>(syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC)); });
}

// From here on the process is under the filter: it calls nothing but capset and execve (and, to report a failed exec,
// sendmsg).
void confine(const Execution& execution, const CapabilityPlan& plan) {
  if (execution.process.no_new_privileges) {
    const explain::Step step("capability", [] { return "no_new_privs: no program can give more rights"; });
    sys::prctl("PR_SET_NO_NEW_PRIVS", PR_SET_NO_NEW_PRIVS, 1);
  }
  if (execution.filter.empty()) return;
  const explain::Step step("filter", [&] {
    return fmt::format("seccomp: {} instructions decide which system calls are allowed", execution.filter.size());
  });
  if (plan.for_filter != 0) {
    child_set_capabilities(plan.final_set | plan.for_filter, plan.final_set | plan.for_filter);
  }
  child_load_filter(execution.filter);
  if (plan.for_filter != 0) child_set_capabilities(plan.final_set, plan.final_set);
}

}  // namespace

void child_leave_parent(bool dies_with_parent) {
  if (dies_with_parent) sys::prctl("PR_SET_PDEATHSIG", PR_SET_PDEATHSIG, SIGKILL);
  sys::prctl("PR_SET_DUMPABLE", PR_SET_DUMPABLE, 0);
  for (int signal = 1; signal < NSIG; ++signal) {
    if (signal != SIGKILL && signal != SIGSTOP) ::signal(signal, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // A keyring of its own. ENOSYS is a kernel without keys, EDQUOT and EPERM cannot happen to the host's root.
  if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr, 0, 0, 0) < 0 && errno != ENOSYS) {
    throw SysError("keyctl(KEYCTL_JOIN_SESSION_KEYRING)");
  }
  umask(0);
}

void child_execute(const Execution& execution) {
  const Process& process = execution.process;
  if (process.args.empty()) throw Error(ErrorKind::invalid_argument, "no command specified");

  // As root inside: what the user may not do.
  const User user = child_look_up_user(execution.root, process.user, process.additional_groups);
  take_standard_streams(execution, user.uid);
  const bool enter_as_user = enter_working_directory(execution.root, process.cwd);
  if (!process.rlimits.empty()) {
    const explain::Step step("limit", [&] { return describe(process.rlimits); });
    child_set_limits(process.rlimits);
  }
  umask(process.umask.value_or(kDefaultUmask));

  // As the user.
  const CapabilityPlan plan = plan_capabilities(execution, user);
  become(user, plan, capability_set(process.capabilities.bounding), execution.dies_with_parent);
  if (enter_as_user) enter(execution.root, process.cwd);
  check_inside_root();
  const std::vector<std::string> environment = environment_for(process, user);
  const std::string program = child_find_program(process.args[0], environment);
  close_on_exec_from(STDERR_FILENO + 1U);
  child_keep_descriptors(execution.streams.preserved);
  child_enter_groups(execution.last_groups);
  announce_ready(execution);

  confine(execution, plan);
  child_exec(program, process.args, environment);
}

}  // namespace minidock::runtime
