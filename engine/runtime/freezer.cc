#include "engine/runtime/freezer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>

#include <cerrno>
#include <chrono>

#include "base/syscall.h"
#include "engine/runtime/cgroup_v2.h"

namespace minidock::runtime {
namespace {

constexpr std::chrono::seconds kPatience{10};

Fd open_existing(const std::string& cgroups_path) {
  Fd cgroup = open_v2_cgroup(cgroups_path);
  if (!cgroup) throw Error(ErrorKind::not_found, fmt::format("cgroup {} does not exist", cgroups_path));
  return cgroup;
}

void request(int cgroup, const char* state) {
  const Fd control = sys::openat_unless(cgroup, "cgroup.freeze", O_WRONLY, 0, ENOENT);
  if (!control) throw Error(ErrorKind::unsupported, "this kernel cannot freeze cgroups (Linux 5.2 can)");
  sys::write_all(control.get(), state);
}

// False when it did not happen in time.
bool wait_until_frozen(int cgroup) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point deadline = Clock::now() + kPatience;
  const Fd events = sys::openat(cgroup, "cgroup.events", O_RDONLY);
  for (;;) {
    char text[256];
    const std::size_t size = sys::pread(events.get(), text, sizeof text, 0);
    if (std::string_view(text, size).find("frozen 1") != std::string_view::npos) return true;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    pollfd waiting{events.get(), POLLPRI, 0};
    if (::poll(&waiting, 1, static_cast<int>(left.count())) < 0 && errno != EINTR) {
      throw SysError("poll of cgroup.events");
    }
  }
}

}  // namespace

bool is_frozen(const std::string& cgroups_path) {
  const Fd cgroup = open_v2_cgroup(cgroups_path);
  return read_control_file(cgroup.get(), "cgroup.freeze").starts_with('1');
}

void freeze_cgroup(const std::string& cgroups_path) {
  const Fd cgroup = open_existing(cgroups_path);
  request(cgroup.get(), "1");
  if (wait_until_frozen(cgroup.get())) return;
  request(cgroup.get(), "0");
  throw Error(ErrorKind::unavailable, "a process hangs in the kernel and cannot be frozen");
}

void thaw_cgroup(const std::string& cgroups_path) { request(open_existing(cgroups_path).get(), "0"); }

}  // namespace minidock::runtime
