// The user's streams joined to a child of this process: pipes, or the master of its terminal.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <vector>

#include "base/error.h"
#include "engine/streams/client_streams.h"
#include "engine/streams/user_side.h"

namespace minidock::streams {
namespace {

constexpr std::size_t kBufferSize = 64 * 1024;

void set_nonblocking(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
    throw SysError(fmt::format("fcntl({}, F_SETFL, O_NONBLOCK)", fd));
  }
}

// One of the child's output streams on its way to the user.
struct Source {
  int fd = -1;  // -1 once it has ended
  UserOutput* target = nullptr;
  std::vector<char> buffer;

  bool readable() const { return fd >= 0 && !target->pending(); }
  // Moves what is there. False when there is nothing (more) for the moment.
  bool pump();
};

bool Source::pump() {
  const ssize_t got = ::read(fd, buffer.data(), buffer.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (got <= 0) {  // EIO: a terminal that nobody holds open any more
    fd = -1;
    return false;
  }
  target->write({buffer.data(), static_cast<std::size_t>(got)});
  return true;
}

class ChildRelay {
 public:
  ChildRelay(ChildStreams streams, int pidfd, const ClientOptions& options);

  Result run();
  int fatal_signal() const { return fatal_signal_; }

 private:
  bool sending() const { return sent_ < input_size_; }
  void wait();
  void handle_signals();
  void resize();
  void read_input();
  void send();
  void end_input();
  bool drain();

  enum Slot : std::size_t { signals, child, input, sink, output, errors, user_out, user_err, slots };

  ChildStreams streams_;
  int pidfd_;
  UserSide user_;
  std::array<Source, 2> sources_;
  int sink_ = -1;
  bool child_ended_ = false;
  bool detach_wanted_ = false;
  int fatal_signal_ = 0;
  std::vector<char> input_;
  std::size_t input_size_ = 0;
  std::size_t sent_ = 0;
  std::array<pollfd, slots> polled_{};
};

ChildRelay::ChildRelay(ChildStreams streams, int pidfd, const ClientOptions& options)
    : streams_(std::move(streams)), pidfd_(pidfd), user_(options, pidfd), input_(kBufferSize) {
  const bool terminal = streams_.terminal.valid();
  sources_[0].fd = terminal ? streams_.terminal.get() : streams_.out.get();
  sources_[0].target = &user_.out();
  sources_[1].fd = terminal ? -1 : streams_.err.get();
  sources_[1].target = &user_.err();
  sink_ = terminal ? streams_.terminal.get() : streams_.in.get();
  for (Source& source : sources_) {
    if (source.fd < 0) continue;
    source.buffer.resize(kBufferSize);
    set_nonblocking(source.fd);
  }
  if (sink_ >= 0) set_nonblocking(sink_);
  if (sink_ < 0) user_.close_input();
  if (user_.input_fd() < 0 && !terminal) end_input();
  if (terminal) resize();
}

void ChildRelay::wait() {
  const auto wait_for = [&](Slot slot, int fd, int events) {
    // Without anything wanted of it a descriptor is not polled at all: a hang-up would be reported over and over.
    polled_[slot] = {events != 0 ? fd : -1, static_cast<short>(events), 0};
  };
  wait_for(signals, user_.signal_fd(), POLLIN);
  wait_for(child, pidfd_, child_ended_ ? 0 : POLLIN);
  wait_for(input, user_.input_fd(), sending() || detach_wanted_ ? 0 : POLLIN);
  wait_for(sink, sink_, sending() ? POLLOUT : 0);
  wait_for(output, sources_[0].fd, sources_[0].readable() ? POLLIN : 0);
  wait_for(errors, sources_[1].fd, sources_[1].readable() ? POLLIN : 0);
  wait_for(user_out, user_.out().fd(), user_.out().pending() ? POLLOUT : 0);
  wait_for(user_err, user_.err().fd(), user_.err().pending() ? POLLOUT : 0);
  if (::poll(polled_.data(), polled_.size(), -1) < 0 && errno != EINTR) throw SysError("poll()");
}

Result ChildRelay::run() {
  for (;;) {
    if (child_ended_ && drain()) return {Ending::exited, 0};
    if (detach_wanted_ && !sending()) return {Ending::detached, 0};
    wait();
    if (polled_[signals].revents != 0) handle_signals();
    if (fatal_signal_ != 0) return {Ending::lost, 0};
    if (polled_[user_out].revents != 0) user_.out().flush();
    if (polled_[user_err].revents != 0) user_.err().flush();
    if (polled_[output].revents != 0) sources_[0].pump();
    if (polled_[errors].revents != 0) sources_[1].pump();
    if (polled_[sink].revents != 0) send();
    if (polled_[input].revents != 0) read_input();
    if (polled_[child].revents != 0) {
      child_ended_ = true;
      user_.close_input();
      sent_ = input_size_;  // nobody is left to read it
    }
  }
}

// After the child's end: everything that it has written lies in its pipes by now. What a process that it left behind
// holds open is not waited for. True when all is with the user.
bool ChildRelay::drain() {
  for (Source& source : sources_) {
    while (source.readable()) {
      if (!source.pump()) source.fd = -1;
    }
  }
  return !user_.output_pending();
}

void ChildRelay::handle_signals() {
  const UserSide::Signals signal = user_.handle_signals();
  if (signal.resized && streams_.terminal) resize();
  fatal_signal_ = signal.fatal;
}

void ChildRelay::resize() {
  const WindowSize wanted = window_size();
  if (wanted.rows == 0 || wanted.columns == 0) return;
  winsize size{};
  size.ws_row = wanted.rows;
  size.ws_col = wanted.columns;
  ioctl(streams_.terminal.get(), TIOCSWINSZ, &size);
}

void ChildRelay::read_input() {
  const UserSide::Input read = user_.read_input(input_);
  input_size_ = read.size;
  sent_ = 0;
  detach_wanted_ = read.detached;
  send();
  if (read.ended) end_input();
}

void ChildRelay::send() {
  while (sending()) {
    const ssize_t sent = ::write(sink_, input_.data() + sent_, input_size_ - sent_);
    if (sent > 0) {
      sent_ += static_cast<std::size_t>(sent);
    } else if (sent == 0 || errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      sent_ = input_size_;  // EPIPE, EIO: the child has closed its input
      user_.close_input();
      end_input();
    }
  }
}

// A pipe ends; a terminal has no end.
void ChildRelay::end_input() {
  streams_.in.reset();
  if (!streams_.terminal) sink_ = -1;
}

}  // namespace

Result relay_child(ChildStreams streams, int pidfd, const ClientOptions& options) {
  Result result;
  int signal = 0;
  {
    ChildRelay relay(std::move(streams), pidfd, options);
    result = relay.run();
    signal = relay.fatal_signal();
  }
  // Terminal and mask are as they were: now the signal does what it would have done.
  if (signal != 0) die_of(signal);
  return result;
}

}  // namespace minidock::streams
