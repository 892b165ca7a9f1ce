#include "storage/unpack/jailed_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "base/error.h"
#include "base/error_report.h"
#include "base/syscall.h"
#include "base/trace.h"

namespace minidock::storage {
namespace {

constexpr std::size_t kMaxAnswer = 8 * 1024;
constexpr int kFirstFd = 3;

// Moves `descriptors` to 3 and on; whatever else the caller had open is closed.
std::vector<int> keep_only(std::vector<int> descriptors) {
  constexpr int kOutOfTheWay = 64;
  for (int& fd : descriptors) {
    fd = fcntl(fd, F_DUPFD_CLOEXEC, kOutOfTheWay);
    if (fd < 0) throw SysError("fcntl(F_DUPFD_CLOEXEC)");
  }
  int next = kFirstFd;
  for (int& fd : descriptors) {
    if (dup3(fd, next, O_CLOEXEC) < 0) throw SysError("dup3");
    fd = next++;
  }
  if (close_range(static_cast<unsigned>(next), ~0U, 0) != 0) throw SysError("close_range");
  const Fd null = sys::open("/dev/null", O_RDWR);
  for (int standard = 0; standard < kFirstFd; ++standard) {
    if (dup2(null.get(), standard) < 0) throw SysError("dup2");
  }
  return descriptors;
}

std::string answer_of(const JailedProcess::Work& work, const std::vector<int>& fds, pid_t parent) {
  try {
    return json::dump(work(fds, parent));
  } catch (const Error& error) {
    return error_report(Error(error.kind(), error.message().substr(0, kMaxAnswer / 8), error.error_number()));
  } catch (const std::bad_alloc&) {
    return error_report(Error(ErrorKind::corrupt_data, "archive: needs too much memory", ENOMEM));
  } catch (const std::exception& error) {
    return error_report(Error(ErrorKind::internal, error.what()));
  }
}

[[noreturn]] void child_main(const std::vector<int>& descriptors, int answer, const JailedProcess::Work& work,
                             pid_t parent) noexcept {
  // Its descriptor is closed with the rest.
  trace::enable(-1, "");
  std::vector<int> fds = descriptors;
  fds.push_back(answer);
  try {
    fds = keep_only(std::move(fds));
  } catch (const Error& error) {
    const std::string report = error_report(error);
    _exit(::write(answer, report.data(), report.size()) < 0 ? 2 : 1);
  }
  const int channel = fds.back();
  fds.pop_back();
  const std::string text = answer_of(work, fds, parent);
  const ssize_t sent = ::write(channel, text.data(), text.size());
  _exit(sent == static_cast<ssize_t>(text.size()) ? 0 : 1);
}

}  // namespace

JailedProcess JailedProcess::start(const std::vector<int>& descriptors, std::string what, const Work& work) {
  SocketPair sockets = sys::socketpair(SOCK_SEQPACKET);
  const pid_t parent = getpid();
  const pid_t pid = sys::checked([] { return std::string("fork()"); }, [] { return fork(); });
  if (pid == 0) child_main(descriptors, sockets.theirs.get(), work, parent);
  return JailedProcess(pid, std::move(sockets.ours), std::move(what));
}

JailedProcess::JailedProcess(JailedProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), answer_(std::move(other.answer_)), what_(std::move(other.what_)) {}

JailedProcess::~JailedProcess() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Json JailedProcess::finish() {
  const std::string text = sys::receive_message(answer_.get()).data;
  const int status = sys::waitpid(std::exchange(pid_, -1));
  if (text.empty()) {
    throw Error(ErrorKind::internal, WIFSIGNALED(status) ? fmt::format("{} was killed by signal {} ({})", what_,
                                                                       WTERMSIG(status), strsignal(WTERMSIG(status)))
                                                         : fmt::format("{} ended without an answer (exit code {})",
                                                                       what_, WEXITSTATUS(status)));
  }
  Json document = json::parse(text, "answer of " + what_, 2);
  if (document.contains("kind")) throw error_from_report(text, "answer of " + what_);
  return document;
}

}  // namespace minidock::storage
