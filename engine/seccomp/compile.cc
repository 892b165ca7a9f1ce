// Profile → BPF, by libseccomp.
#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "engine/seccomp/profile.h"

namespace minidock::seccomp {
namespace {

struct ReleaseContext {
  void operator()(void* context) const noexcept { seccomp_release(context); }
};
using Context = std::unique_ptr<void, ReleaseContext>;

// libseccomp returns a negative errno.
void check(int result, std::string_view what) {
  if (result < 0) throw SysError(-result, what);
}

bool holds(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool applies(const Rule& rule, const Machine& machine, const std::vector<std::string>& capabilities) {
  const auto held = [&](const std::string& capability) { return holds(capabilities, capability); };
  const Condition& in = rule.includes;
  const Condition& out = rule.excludes;
  if (!in.architectures.empty() && !holds(in.architectures, machine.architecture)) return false;
  if (!std::all_of(in.capabilities.begin(), in.capabilities.end(), held)) return false;
  if (in.min_kernel && machine.kernel < *in.min_kernel) return false;
  if (holds(out.architectures, machine.architecture)) return false;
  if (std::any_of(out.capabilities.begin(), out.capabilities.end(), held)) return false;
  return !out.min_kernel || machine.kernel < *out.min_kernel;
}

void add_rule(const Context& context, std::uint32_t action, int number, const std::string& name,
              const std::vector<scmp_arg_cmp>& arguments) {
  const int result = seccomp_rule_add_array(context.get(), action, number, static_cast<unsigned>(arguments.size()),
                                            arguments.empty() ? nullptr : arguments.data());
  // EEXIST: an earlier rule says the same already, as when two capabilities open one call.
  if (result != -EEXIST) check(result, fmt::format("seccomp rule for {}", name));
}

void add_rules(const Context& context, const Rule& rule) {
  std::set<unsigned> indexes;
  for (const scmp_arg_cmp& argument : rule.arguments) indexes.insert(argument.arg);
  for (const std::string& name : rule.names) {
    const int number = seccomp_syscall_resolve_name(name.c_str());
    if (number == __NR_SCMP_ERROR) continue;  // unknown to this libseccomp: see Prologue
    if (indexes.size() == rule.arguments.size()) {
      add_rule(context, rule.action, number, name, rule.arguments);
      continue;
    }
    // Several comparisons of one argument mean "or" in docker's format.
    for (const scmp_arg_cmp& argument : rule.arguments) add_rule(context, rule.action, number, name, {argument});
  }
}

Context make_context(const Profile& profile, const Machine& machine) {
  Context context(seccomp_init(profile.default_action));
  if (!context) throw Error(ErrorKind::invalid_argument, "seccomp: the profile's default action is not supported here");
  const std::uint32_t native = seccomp_arch_native();
  if (!profile.architectures.empty()) {
    for (const std::uint32_t architecture : profile.architectures) {
      if (architecture == SCMP_ARCH_X32 && !machine.has_x32) continue;  // see Prologue
      const int result = seccomp_arch_add(context.get(), architecture);
      if (result != -EEXIST) check(result, fmt::format("seccomp_arch_add({:#x})", architecture));
    }
    if (std::find(profile.architectures.begin(), profile.architectures.end(), native) == profile.architectures.end()) {
      check(seccomp_arch_remove(context.get(), native), "seccomp_arch_remove");
    }
  }
  // no_new_privs is the runtime's matter.
  check(seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_NNP, 0), "seccomp_attr_set(NNP)");
  // A binary tree instead of a list: some ten comparisons a call instead of hundreds.
  check(seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "seccomp_attr_set(OPTIMIZE)");
  return context;
}

// Instructions before libseccomp's own, for calls newer than it. Those that the profile names get their action (by the
// number, which is the same everywhere since Linux 5.1). Any other one is ENOSYS where the profile would refuse it: a C
// library takes EPERM from a call that it probes for an answer, ENOSYS for "use the older call". So is an x32 call on a
// kernel that has none.
class Prologue {
 public:
  Prologue(const Profile& profile, const Machine& machine, const std::vector<const Rule*>& rules)
      : default_action_(profile.default_action), has_x32_(machine.has_x32) {
    while (newest_known_ + 1 < kEnd && known_or_older(newest_known_ + 1)) ++newest_known_;
    for (const Rule* rule : rules) {
      if (rule->arguments.empty()) add(*rule);
    }
  }

  std::string bytes() const {
    std::vector<sock_filter> program;
    for (const auto& [number, action] : actions_) {
      program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1));
      program.push_back(BPF_STMT(BPF_RET | BPF_K, action));
    }
    if (refuses()) program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
    const auto behind = static_cast<std::uint8_t>(program.size());
    std::vector<sock_filter> head = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
    if (!has_x32_) {
      head.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kX32Bit, 0, 1));
      head.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
    }
    const sock_filter select[] = {
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~kX32Bit),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, newest_known_, 0, static_cast<std::uint8_t>(behind + 1)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kEnd, behind, 0),
    };
    head.insert(head.end(), std::begin(select), std::end(select));
    program.insert(program.begin(), head.begin(), head.end());
    return std::string(reinterpret_cast<const char*>(program.data()), program.size() * sizeof(sock_filter));
  }

 private:
  // Numbers from here on are an architecture's private ones.
  static constexpr std::uint32_t kEnd = 1024;
  static constexpr std::uint32_t kX32Bit = 0x40000000;

  // 450 (Linux 5.17) is the newest that the oldest supported libseccomp (2.5.4) knows.
  static bool known_or_older(std::uint32_t number) {
    if (number <= 450) return true;
    char* const name = seccomp_syscall_resolve_num_arch(seccomp_arch_native(), static_cast<int>(number));
    const bool known = name != nullptr;
    std::free(name);
    return known;
  }

  bool refuses() const {
    return default_action_ != SCMP_ACT_ALLOW && default_action_ != SCMP_ACT_LOG &&
           (default_action_ & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_TRACE;
  }

  void add(const Rule& rule) {
    for (const std::string& name : rule.names) {
      const std::optional<std::uint32_t> number = recent_syscall(name);
      if (number && *number > newest_known_) actions_.emplace_back(*number, rule.action);
    }
  }

  std::uint32_t default_action_;
  bool has_x32_;
  std::uint32_t newest_known_ = 450;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> actions_;
};

std::string exported(const Context& context) {
  const Fd memory(memfd_create("seccomp", MFD_CLOEXEC));
  if (!memory) throw SysError("memfd_create(\"seccomp\")");
  check(seccomp_export_bpf(context.get(), memory.get()), "seccomp_export_bpf");
  if (lseek(memory.get(), 0, SEEK_SET) < 0) throw SysError("lseek");
  return file::read(memory.get());
}

}  // namespace

std::optional<std::uint32_t> recent_syscall(std::string_view name) {
  constexpr std::string_view names[] = {"cachestat",         "fchmodat2",         "map_shadow_stack", "futex_wake",
                                        "futex_wait",        "futex_requeue",     "statmount",        "listmount",
                                        "lsm_get_self_attr", "lsm_set_self_attr", "lsm_list_modules", "mseal",
                                        "setxattrat",        "getxattrat",        "listxattrat",      "removexattrat",
                                        "open_tree_attr",    "file_getattr",      "file_setattr"};
  const auto* found = std::find(std::begin(names), std::end(names), name);
  if (found == std::end(names)) return std::nullopt;
  return 451 + static_cast<std::uint32_t>(found - std::begin(names));
}

Machine this_machine() {
  Machine machine;
#if defined(__x86_64__)
  machine.architecture = "amd64";
  machine.has_x32 = syscall(__X32_SYSCALL_BIT | SYS_getpid) > 0;
#elif defined(__aarch64__)
  machine.architecture = "arm64";
#else
  throw Error(ErrorKind::unsupported, "seccomp profiles are supported on amd64 and arm64 only");
#endif
  utsname name{};
  if (uname(&name) < 0) throw SysError("uname");
  std::sscanf(name.release, "%d.%d", &machine.kernel.major, &machine.kernel.minor);
  return machine;
}

std::string compile(const Profile& profile, const Machine& machine, const std::vector<std::string>& capabilities) {
  const Context context = make_context(profile, machine);
  std::vector<const Rule*> rules;
  for (const Rule& rule : profile.rules) {
    // libseccomp refuses rules that say what the default says anyway.
    if (rule.action != profile.default_action && applies(rule, machine, capabilities)) rules.push_back(&rule);
  }
  for (const Rule* rule : rules) add_rules(context, *rule);
  std::string program = Prologue(profile, machine, rules).bytes() + exported(context);
  if (program.size() / sizeof(sock_filter) > BPF_MAXINSNS) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("seccomp: the profile makes a filter of {} instructions, the kernel takes {}",
                            program.size() / sizeof(sock_filter), BPF_MAXINSNS));
  }
  return program;
}

}  // namespace minidock::seccomp
