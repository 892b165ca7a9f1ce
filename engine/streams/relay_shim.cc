// The user's streams joined to a shim's attach channel.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/syscall.h"
#include "engine/shim/nonblocking.h"
#include "engine/shim/pipe_size.h"
#include "engine/shim/protocol.h"
#include "engine/streams/client_streams.h"
#include "engine/streams/user_side.h"

namespace minidock::streams {
namespace {

using shim::FrameReader;
using shim::FrameType;

class ShimRelay {
 public:
  ShimRelay(Fd to_shim, const ClientOptions& options, int signal_pidfd)
      : channel_(std::move(to_shim)),
        user_(options, signal_pidfd),
        resize_wanted_(options.terminal),
        terminal_(options.terminal),
        only_sends_(!options.shows_output()),
        incoming_(shim::kFrameBuffer),
        outgoing_(shim::kFrameHeaderSize + shim::kFrameBuffer) {
    shim::set_nonblocking(channel_.get());  // splice(2) knows no other way
  }

  Result run();
  // The signal that ended the relay, 0 for none.
  int fatal_signal() const { return fatal_signal_; }

 private:
  bool sending() const { return sent_ < outgoing_size_ || to_move_ > 0; }
  std::span<char> outgoing_space() { return std::span(outgoing_).subspan(shim::kFrameHeaderSize); }
  void wait();
  void handle_signals();
  void read_input();
  bool move_input();
  void queue(FrameType type, std::size_t size);
  void queue_waiting_control();
  void send();
  ssize_t send_some();
  void receive();
  bool move_output(UserOutput& target);
  UserOutput& output_of(FrameType type);
  void take(const FrameReader::Piece& piece);

  enum Slot : std::size_t { signals, channel, input, output, errors, slots };

  Fd channel_;
  UserSide user_;
  FrameReader reader_;
  bool resize_wanted_;
  bool end_wanted_ = false;
  bool detach_wanted_ = false;
  bool terminal_;
  bool only_sends_;
  int fatal_signal_ = 0;
  std::optional<Result> result_;
  std::vector<char> incoming_;  // payload on its way to the user; not filled again before they took it
  std::vector<char> outgoing_;  // one frame on its way to the shim
  std::size_t outgoing_size_ = 0;
  std::size_t sent_ = 0;
  Pipe passage_;             // input that is moved, not copied, waits here
  std::size_t to_move_ = 0;  // of it, behind outgoing_
  std::array<pollfd, slots> polled_{};
};

void ShimRelay::wait() {
  const auto wait_for = [&](Slot slot, int fd, int events) {
    // Without anything wanted of it a descriptor is not polled at all: a hang-up would be reported over and over.
    polled_[slot] = {events != 0 ? fd : -1, static_cast<short>(events), 0};
  };
  wait_for(signals, user_.signal_fd(), POLLIN);
  wait_for(channel, channel_.get(), (user_.output_pending() ? 0 : POLLIN) | (sending() ? POLLOUT : 0));
  wait_for(input, user_.input_fd(), sending() || detach_wanted_ ? 0 : POLLIN);
  wait_for(output, user_.out().fd(), user_.out().pending() ? POLLOUT : 0);
  wait_for(errors, user_.err().fd(), user_.err().pending() ? POLLOUT : 0);
  if (::poll(polled_.data(), polled_.size(), -1) < 0 && errno != EINTR) throw SysError("poll()");
}

Result ShimRelay::run() {
  while (!result_) {
    queue_waiting_control();
    send();
    const bool has_sent_all = only_sends_ && user_.input_fd() < 0;
    if ((detach_wanted_ || has_sent_all) && !sending()) return {Ending::detached, 0};
    wait();
    if (polled_[signals].revents != 0) handle_signals();
    if (fatal_signal_ != 0) return {Ending::lost, 0};
    if (polled_[output].revents != 0) user_.out().flush();
    if (polled_[errors].revents != 0) user_.err().flush();
    if (polled_[channel].revents != 0) receive();
    if (polled_[input].revents != 0) read_input();
  }
  return *result_;
}

void ShimRelay::handle_signals() {
  const UserSide::Signals signal = user_.handle_signals();
  if (signal.resized) resize_wanted_ = terminal_;
  fatal_signal_ = signal.fatal;
}

// A frame has to say how long it is: what is moved into the pipe here is counted, whoever else reads the user's.
bool ShimRelay::move_input() {
  if (!passage_.read) {
    passage_ = sys::pipe();
    shim::enlarge_pipe(passage_.write.get());
    shim::enlarge_pipe(user_.input_fd());
  }
  const std::optional<UserSide::Input> moved = user_.move_input(passage_.write.get(), shim::kMaxFramePayload);
  if (!moved) return false;
  if (moved->size > 0) {
    queue(FrameType::stdin_data, moved->size);
    outgoing_size_ = shim::kFrameHeaderSize;
    to_move_ = moved->size;
  }
  end_wanted_ = moved->ended;
  return true;
}

void ShimRelay::read_input() {
  if (user_.input_moves() && move_input()) return;
  const UserSide::Input read = user_.read_input(outgoing_space());
  if (read.size > 0) queue(FrameType::stdin_data, read.size);
  end_wanted_ = read.ended;
  detach_wanted_ = read.detached;
}

void ShimRelay::queue(FrameType type, std::size_t size) {
  const auto header = shim::frame_header(type, size);
  std::copy(header.begin(), header.end(), outgoing_.begin());
  outgoing_size_ = header.size() + size;
  sent_ = 0;
}

// Window size and end of input go between two frames.
void ShimRelay::queue_waiting_control() {
  if (sending()) return;
  if (resize_wanted_) {
    resize_wanted_ = false;
    const WindowSize size = window_size();
    const std::string payload = shim::encode_window_size(size.rows, size.columns);
    std::copy(payload.begin(), payload.end(), outgoing_space().begin());
    if (size.rows != 0 && size.columns != 0) queue(FrameType::resize, payload.size());
  } else if (end_wanted_) {
    end_wanted_ = false;
    queue(FrameType::stdin_end, 0);
  }
}

void ShimRelay::send() {
  while (sending()) {
    if (send_some() < 0) {
      if (errno == EAGAIN) return;
      if (errno == EINTR) continue;
      // The shim has finished; what it has sent before is still to be read.
      sent_ = outgoing_size_;
      to_move_ = 0;
      user_.close_input();
    }
    if (!sending()) queue_waiting_control();
  }
}

ssize_t ShimRelay::send_some() {
  if (sent_ < outgoing_size_) {
    const ssize_t sent =
        ::send(channel_.get(), outgoing_.data() + sent_, outgoing_size_ - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) sent_ += static_cast<std::size_t>(sent);
    return sent;
  }
  const ssize_t moved =
      ::splice(passage_.read.get(), nullptr, channel_.get(), nullptr, to_move_, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (moved > 0) to_move_ -= static_cast<std::size_t>(moved);
  return moved;
}

void ShimRelay::receive() {
  while (!result_ && !user_.output_pending()) {
    FrameReader::Piece piece = reader_.receive(channel_.get(), {});
    if (reader_.payload_left() > 0 && piece.what == FrameReader::What::data) {
      if (reader_.payload_left() >= shim::kLeastMoved && output_of(piece.type).can_move()) {
        if (!move_output(output_of(piece.type))) return;
        continue;
      }
      piece = reader_.receive(channel_.get(), incoming_);
    }
    if (piece.what == FrameReader::What::nothing_yet) return;
    if (piece.what == FrameReader::What::end_of_file) {
      result_ = Result{Ending::lost, 0};
    } else {
      take(piece);
    }
  }
}

// False when there is nothing more at the moment.
bool ShimRelay::move_output(UserOutput& target) {
  const std::optional<std::size_t> moved = target.move_from(channel_.get(), reader_.payload_left());
  if (!moved) return !target.can_move();  // by copying, then
  if (*moved == 0) result_ = Result{Ending::lost, 0};
  reader_.payload_taken(*moved);
  return true;
}

// Frames that a client must not get are found out by take().
UserOutput& ShimRelay::output_of(FrameType type) { return type == FrameType::stderr_data ? user_.err() : user_.out(); }

void ShimRelay::take(const FrameReader::Piece& piece) {
  switch (piece.type) {
    case FrameType::stdout_data:
      return user_.out().write(piece.data);
    case FrameType::stderr_data:
      return user_.err().write(piece.data);
    case FrameType::exit_code:
      result_ = Result{Ending::exited, shim::decode_exit_code(piece.data)};
      return;
    default:
      throw Error(ErrorKind::corrupt_data, "attach channel: the shim sent a frame that only a client may send");
  }
}

}  // namespace

Result relay_shim(Fd channel, const ClientOptions& options, int signal_pidfd) {
  Result result;
  int signal = 0;
  {
    ShimRelay relay(std::move(channel), options, signal_pidfd);
    result = relay.run();
    signal = relay.fatal_signal();
  }
  // Terminal and mask are as they were: now the signal does what it would have done.
  if (signal != 0) die_of(signal);
  return result;
}

}  // namespace minidock::streams
