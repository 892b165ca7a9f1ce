#include "cmd/minidock-shim/environment.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "base/file.h"
#include "base/syscall.h"
#include "engine/shim/protocol.h"

namespace minidock::shim {
namespace {

void ignore(int) {}

// Handled by doing nothing instead of ignored: an ignored signal would stay ignored in the container's program.
void survive_signals() {
  struct sigaction action {};
  action.sa_handler = ignore;
  action.sa_flags = SA_RESTART;
  for (const int signal :
       {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM, SIGTERM, SIGUSR1, SIGUSR2, SIGTSTP, SIGTTIN, SIGTTOU, SIGXFSZ}) {
    sigaction(signal, &action, nullptr);
  }
}

// Small blocks only are kept, and what is free at the top of the heap goes back at once.
constexpr int kTopPad = 16 * 1024;
constexpr int kMmapThreshold = 64 * 1024;

}  // namespace

void prepare_process() {
  mallopt(M_TOP_PAD, kTopPad);
  mallopt(M_TRIM_THRESHOLD, kTopPad);
  mallopt(M_MMAP_THRESHOLD, kMmapThreshold);
  sys::prctl("PR_SET_DUMPABLE", PR_SET_DUMPABLE, 0);
  // Executed by descriptor, it would be called by that descriptor's number.
  sys::prctl("PR_SET_NAME", PR_SET_NAME, reinterpret_cast<unsigned long>("minidock-shim"));
  survive_signals();
  umask(022);
  sys::chdir("/");  // keep no mount busy that the caller happened to stand on
  if (close_range(kStartChannelFd, ~0U, CLOSE_RANGE_CLOEXEC) < 0) throw SysError("close_range(3, CLOSE_RANGE_CLOEXEC)");
}

void settle_down() {
  // The container's own score was set, or inherited from the command, before this.
  try {
    file::write_existing("/proc/self/oom_score_adj", "-999");
  } catch (const SysError&) {
    // Not allowed here (EACCES): then the shim is as likely a victim as others.
  }
  trace::enable(-1, "");
  const Fd null = sys::open("/dev/null", O_RDWR);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(null.get(), standard);
  malloc_trim(0);
}

}  // namespace minidock::shim
