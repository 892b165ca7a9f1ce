#include "engine/exec_guard.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "base/syscall.h"
#include "engine/background.h"
#include "engine/runtime/container_process.h"

namespace minidock {
namespace {

[[noreturn]] void guard_main(int pipe, const std::string& cgroup) noexcept {
  try {
    std::array<int, 1> kept = {pipe};
    become_background(kept);
    char byte = 0;
    if (sys::read(kept[0], &byte, 1) == 0) runtime::remove_cgroup(cgroup);
  } catch (const Error&) {
    _exit(1);  // its cgroup is removed with the container's
  }
  _exit(0);
}

}  // namespace

ExecGuard::ExecGuard(const std::string& cgroup) {
  Pipe pipe = sys::pipe();
  guard_ = ::fork();
  if (guard_ < 0) throw SysError("fork");
  if (guard_ == 0) {
    pipe.write.reset();
    guard_main(pipe.read.get(), cgroup);
  }
  client_ = std::move(pipe.write);
}

ExecGuard::~ExecGuard() {
  client_.reset();
  if (guard_ > 0) ::waitpid(guard_, nullptr, 0);
}

void ExecGuard::release() noexcept {
  const char byte = 'r';
  if (::write(client_.get(), &byte, 1) != 1) return;
  client_.reset();
}

}  // namespace minidock
