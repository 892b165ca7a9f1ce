#include "engine/runtime/rlimits.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <array>
#include <string_view>

#include "base/syscall.h"

namespace minidock::runtime {
namespace {

struct LimitName {
  std::string_view name;
  int resource;
};

constexpr std::array kLimits = {
    LimitName{"RLIMIT_CPU", RLIMIT_CPU},           LimitName{"RLIMIT_FSIZE", RLIMIT_FSIZE},
    LimitName{"RLIMIT_DATA", RLIMIT_DATA},         LimitName{"RLIMIT_STACK", RLIMIT_STACK},
    LimitName{"RLIMIT_CORE", RLIMIT_CORE},         LimitName{"RLIMIT_RSS", RLIMIT_RSS},
    LimitName{"RLIMIT_NPROC", RLIMIT_NPROC},       LimitName{"RLIMIT_NOFILE", RLIMIT_NOFILE},
    LimitName{"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},   LimitName{"RLIMIT_AS", RLIMIT_AS},
    LimitName{"RLIMIT_LOCKS", RLIMIT_LOCKS},       LimitName{"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    LimitName{"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE}, LimitName{"RLIMIT_NICE", RLIMIT_NICE},
    LimitName{"RLIMIT_RTPRIO", RLIMIT_RTPRIO},     LimitName{"RLIMIT_RTTIME", RLIMIT_RTTIME},
};

int resource_of(const std::string& name) {
  for (const LimitName& limit : kLimits) {
    if (limit.name == name) return limit.resource;
  }
  throw Error(ErrorKind::invalid_argument, fmt::format("unknown resource limit \"{}\"", name));
}

void set_limit(pid_t pid, const Rlimit& limit, const struct rlimit& value) {
  sys::checked(
      [&] { return fmt::format("error setting rlimit {} to {}:{}", limit.type, value.rlim_cur, value.rlim_max); },
      [&] { return prlimit(pid, static_cast<__rlimit_resource>(resource_of(limit.type)), &value, nullptr); });
}

}  // namespace

void parent_raise_hard_limits(pid_t pid, const std::vector<Rlimit>& limits) {
  for (const Rlimit& limit : limits) {
    struct rlimit current {};
    sys::checked(
        [&] { return fmt::format("reading rlimit {} of process {}", limit.type, pid); },
        [&] { return prlimit(pid, static_cast<__rlimit_resource>(resource_of(limit.type)), nullptr, &current); });
    if (limit.hard <= current.rlim_max) continue;
    current.rlim_max = limit.hard;
    set_limit(pid, limit, current);
  }
}

void child_set_limits(const std::vector<Rlimit>& limits) {
  for (const Rlimit& limit : limits) set_limit(0, limit, rlimit{limit.soft, limit.hard});
}

}  // namespace minidock::runtime
