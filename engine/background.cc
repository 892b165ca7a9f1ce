#include "engine/background.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <unistd.h>

#include <csignal>

#include "base/syscall.h"

namespace minidock {

void become_background(std::span<int> kept) {
  sys::setsid();
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) ::signal(signal, SIG_IGN);
  {
    const Fd null = sys::open("/dev/null", O_RDWR);
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null.get(), stream);
  }
  // First out of the way of the numbers that they shall have.
  const int first = STDERR_FILENO + 1;
  const int behind = first + static_cast<int>(kept.size());
  for (int& fd : kept) fd = ::fcntl(fd, F_DUPFD, behind);
  for (std::size_t i = 0; i < kept.size(); ++i) kept[i] = ::dup2(kept[i], first + static_cast<int>(i));
  ::close_range(static_cast<unsigned>(behind), ~0U, 0);
}

}  // namespace minidock
