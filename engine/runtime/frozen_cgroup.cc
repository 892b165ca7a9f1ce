#include "engine/runtime/frozen_cgroup.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/syscall.h"
#include "engine/runtime/freezer.h"

namespace minidock::runtime {
namespace {

[[noreturn]] void guard_main(const std::string& cgroups_path, int hold) noexcept {
  // A signal for the command's process group must not end this one.
  ::setsid();
  char byte = 0;
  while (::read(hold, &byte, 1) < 0 && errno == EINTR) {
  }
  try {
    thaw_cgroup(cgroups_path);
  } catch (const Error&) {
    _exit(1);  // it is gone
  }
  _exit(0);
}

}  // namespace

FrozenCgroup::FrozenCgroup(const std::string& cgroups_path) {
  if (is_frozen(cgroups_path)) return;
  Pipe pipe = sys::pipe();
  guard_ = ::fork();
  if (guard_ < 0) throw SysError("fork");
  if (guard_ == 0) {
    pipe.write.reset();
    guard_main(cgroups_path, pipe.read.get());
  }
  hold_ = std::move(pipe.write);
  try {
    freeze_cgroup(cgroups_path);
  } catch (const Error&) {
    end_guard();
    throw;
  }
}

FrozenCgroup::~FrozenCgroup() { end_guard(); }

void FrozenCgroup::end_guard() noexcept {
  if (guard_ <= 0) return;
  hold_.reset();
  ::waitpid(guard_, nullptr, 0);
}

}  // namespace minidock::runtime
