#include "engine/runtime/freezer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

#include "base/file.h"
#include "base/syscall.h"
#include "engine/runtime/container_process.h"

namespace minidock::runtime {
namespace {

// The kernel freezes a process when it next returns to user space; one that hangs in it is reported.
constexpr int kTimeoutMs = 10'000;

void wait_until_frozen(int cgroup, const std::string& path) {
  const Fd events = sys::openat(cgroup, "cgroup.events", O_RDONLY);
  for (;;) {
    std::array<char, 256> text{};
    const std::size_t size = sys::pread(events.get(), text.data(), text.size(), 0);
    if (std::string_view(text.data(), size).find("frozen 1") != std::string_view::npos) return;
    pollfd waiting{events.get(), POLLPRI, 0};
    const int ready = ::poll(&waiting, 1, kTimeoutMs);
    if (ready < 0 && errno != EINTR) throw SysError("poll of cgroup.events");
    if (ready == 0) {
      throw Error(ErrorKind::unavailable,
                  fmt::format("processes of cgroup {} cannot be paused: they hang in the kernel", path));
    }
  }
}

[[noreturn]] void guard_main(int control, int hold) {
  // A signal for the command's process group must not end this one.
  ::setsid();
  char byte = 0;
  while (::read(hold, &byte, 1) < 0 && errno == EINTR) {
  }
  _exit(::write(control, "0", 1) == 1 ? 0 : 1);
}

}  // namespace

Frozen::Frozen(const std::string& cgroups_path) {
  const Fd cgroup = open_or_make_cgroup(cgroups_path);
  const Fd control = sys::openat(cgroup.get(), "cgroup.freeze", O_RDWR);
  if (file::read(control.get()).starts_with('1')) return;
  Pipe pipe = sys::pipe();
  guard_ = ::fork();
  if (guard_ < 0) throw SysError("fork");
  if (guard_ == 0) {
    pipe.write.reset();
    guard_main(control.get(), pipe.read.get());
  }
  hold_ = std::move(pipe.write);
  try {
    sys::write_all(control.get(), "1");
    wait_until_frozen(cgroup.get(), cgroups_path);
  } catch (...) {
    hold_.reset();
    ::waitpid(guard_, nullptr, 0);
    throw;
  }
}

Frozen::~Frozen() {
  if (guard_ <= 0) return;
  hold_.reset();
  ::waitpid(guard_, nullptr, 0);
}

}  // namespace minidock::runtime
