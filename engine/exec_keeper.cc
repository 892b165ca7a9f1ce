#include "engine/exec_keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/syscall.h"
#include "engine/background.h"

namespace minidock {
namespace {

void discard_output(int terminal, int pidfd) {
  std::array<char, 4096> buffer;
  pollfd waited[] = {{pidfd, POLLIN, 0}, {terminal, POLLIN, 0}};
  for (;;) {
    if (::poll(waited, 2, -1) < 0 && errno != EINTR) throw SysError("poll(pidfd, terminal)");
    if (waited[0].revents != 0) return;
    // EIO: nobody holds it open for the moment; the process may still open it again, but nothing is to be read.
    if (waited[1].revents != 0 && ::read(terminal, buffer.data(), buffer.size()) <= 0) waited[1].fd = -1;
  }
}

[[noreturn]] void keeper_main(int terminal, int pidfd, const std::function<void()>& at_end) noexcept {
  try {
    std::array<int, 2> kept = {terminal, pidfd};
    become_background(kept);
    discard_output(kept[0], kept[1]);
    at_end();
  } catch (const Error&) {
    _exit(1);
  }
  _exit(0);
}

}  // namespace

void leave_to_keeper(int terminal, int pidfd, const std::function<void()>& at_end) {
  Pipe in_background = sys::pipe();
  const pid_t keeper = ::fork();
  if (keeper < 0) throw SysError("fork");
  if (keeper == 0) keeper_main(terminal, pidfd, at_end);
  // The keeper closes its end when no hang-up of the user's terminal can reach it any more: our own end may bring one.
  in_background.write.reset();
  char byte = 0;
  sys::read(in_background.read.get(), &byte, 1);
}

}  // namespace minidock
