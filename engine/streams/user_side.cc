#include "engine/streams/user_side.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "base/syscall.h"

namespace minidock::streams {

// ---- terminal

RawMode::RawMode(bool wanted) {
  termios current{};
  if (!wanted || tcgetattr(STDIN_FILENO, &current) != 0) return;
  saved_ = current;
  apply();
}

RawMode::~RawMode() {
  if (saved_) tcsetattr(STDIN_FILENO, TCSANOW, &*saved_);
}

void RawMode::apply() const {
  if (!saved_) return;
  termios raw = *saved_;
  cfmakeraw(&raw);
  tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

WindowSize window_size() {
  for (const int fd : {STDOUT_FILENO, STDIN_FILENO}) {
    winsize size{};
    if (ioctl(fd, TIOCGWINSZ, &size) == 0) return {size.ws_row, size.ws_col};
  }
  return {};
}

// ---- signals

namespace {

bool is_ignored(int signal) {
  struct sigaction action {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// What would leave the terminal raw, and what changes it. Blocked signals are queued even when they are ignored: those
// are left out, to stay without effect.
sigset_t signals_of_terminal() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH, SIGCONT}) {
    if (!is_ignored(signal)) sigaddset(&set, signal);
  }
  return set;
}

// As in docker all that somebody may mean for the container, also what the caller ignores: a shell without job control
// starts what is to run beside it with SIGINT and SIGQUIT ignored, and the container's program has not asked for that.
// What the kernel tells this process of its own children, sockets and terminal is no such thing.
sigset_t proxied_signals() {
  sigset_t set;
  sigfillset(&set);
  for (const int signal : {SIGCHLD, SIGPIPE, SIGURG, SIGTTIN, SIGTTOU}) sigdelset(&set, signal);
  return set;
}

sigset_t watched_signals(const ClientOptions& options) {
  if (options.terminal) return signals_of_terminal();
  if (options.proxy_signals) return proxied_signals();
  sigset_t none;
  sigemptyset(&none);
  return none;
}

}  // namespace

SignalWatch::SignalWatch(const ClientOptions& options) {
  const sigset_t set = watched_signals(options);
  if (sigisemptyset(&set) == 0) {
    fd_.reset(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
    if (!fd_) throw SysError("signalfd()");
  }
  sigprocmask(SIG_BLOCK, &set, &previous_mask_);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &previous_pipe_);
}

SignalWatch::~SignalWatch() {
  sigaction(SIGPIPE, &previous_pipe_, nullptr);
  sigprocmask(SIG_SETMASK, &previous_mask_, nullptr);
}

int SignalWatch::next() const {
  signalfd_siginfo info{};
  if (!fd_ || ::read(fd_.get(), &info, sizeof info) != sizeof info) return 0;
  return static_cast<int>(info.ssi_signo);
}

void die_of(int signal) { ::raise(signal); }

// ---- all of it

UserSide::UserSide(const ClientOptions& options, int signal_pidfd)
    : options_(options),
      signal_pidfd_(signal_pidfd),
      signals_(options),
      raw_(options.terminal && options.forward_stdin),
      in_(STDIN_FILENO, O_RDONLY),
      out_(STDOUT_FILENO, options.forward_stdout),
      err_(STDERR_FILENO, options.forward_stderr),
      input_open_(options.forward_stdin),
      must_copy_(options.terminal || !(in_.is_pipe() || in_.is_file())),
      keys_(options.terminal ? parse_detach_keys(options.detach_keys) : std::string()) {}

UserSide::Input UserSide::read_input(std::span<char> space) {
  // What the detach keys hold back may come out with this piece.
  constexpr std::size_t kMaxHeld = 64;
  const std::span<char> room = options_.terminal ? space.first(space.size() - kMaxHeld) : space;
  const std::optional<ssize_t> got = in_.read(room);
  Input input;
  if (!got) return input;
  if (*got <= 0) {  // also EIO: a terminal that has hung up
    input.ended = true;
    input_open_ = false;
    return input;
  }
  input.size = static_cast<std::size_t>(*got);
  if (!options_.terminal) return input;
  typed_.clear();
  input.detached = keys_.feed({space.data(), input.size}, typed_);
  std::copy(typed_.begin(), typed_.end(), space.begin());
  input.size = typed_.size();
  return input;
}

std::optional<UserSide::Input> UserSide::move_input(int pipe, std::size_t size) {
  if (must_copy_) return std::nullopt;
  const ssize_t moved = ::splice(in_.fd(), nullptr, pipe, nullptr, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  Input input;
  if (moved > 0) {
    input.size = static_cast<std::size_t>(moved);
  } else if (moved == 0) {
    input.ended = true;
    input_open_ = false;
  } else if (errno != EAGAIN && errno != EINTR) {
    must_copy_ = true;  // a file system that cannot do it
    return std::nullopt;
  }
  return input;
}

UserSide::Signals UserSide::handle_signals() {
  Signals result;
  while (const int signal = signals_.next()) {
    if (!options_.terminal && signal_pidfd_ >= 0) {
      sys::pidfd_signal_if_alive(signal_pidfd_, signal);
    } else if (signal == SIGWINCH || signal == SIGCONT) {
      if (signal == SIGCONT) raw_.apply();
      result.resized = true;
    } else {
      result.fatal = signal;
    }
  }
  return result;
}

}  // namespace minidock::streams
