#include "engine/runtime/terminal.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/syscall.h"

namespace minidock::runtime {

Terminal child_open_terminal(int devpts, std::uint16_t rows, std::uint16_t columns) {
  Terminal terminal;
  terminal.master = sys::openat(devpts, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW);
  struct statfs info {};
  if (fstatfs(terminal.master.get(), &info) != 0 || info.f_type != DEVPTS_SUPER_MAGIC) {
    throw Error(ErrorKind::permission_denied, "/dev/pts of the container is not a devpts file system");
  }
  int unlocked = 0;
  sys::checked([] { return std::string("ioctl(TIOCSPTLCK)"); },
               [&] { return ioctl(terminal.master.get(), TIOCSPTLCK, &unlocked); });
  terminal.slave =
      Fd(sys::checked([] { return std::string("ioctl(TIOCGPTPEER)"); },
                      [&] { return ioctl(terminal.master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC); }));
  if (rows != 0 && columns != 0) {
    struct winsize size {};
    size.ws_row = rows;
    size.ws_col = columns;
    sys::checked([] { return std::string("ioctl(TIOCSWINSZ)"); },
                 [&] { return ioctl(terminal.master.get(), TIOCSWINSZ, &size); });
  }
  return terminal;
}

void child_take_terminal(int slave, uid_t owner) {
  sys::fchown(slave, owner, static_cast<gid_t>(-1));
  sys::checked([] { return std::string("ioctl(TIOCSCTTY)"); }, [&] { return ioctl(slave, TIOCSCTTY, 0); });
  for (int stream = 0; stream < 3; ++stream) {
    sys::checked([] { return std::string("dup2 of the terminal"); }, [&] { return dup2(slave, stream); });
  }
}

}  // namespace minidock::runtime
