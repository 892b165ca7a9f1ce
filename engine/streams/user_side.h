// What both relays have in common: the user's streams, terminal and signals.
#pragma once

#include <signal.h>
#include <termios.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "base/fd.h"
#include "engine/streams/client_streams.h"
#include "engine/streams/detach_keys.h"
#include "engine/streams/user_stream.h"

namespace minidock::streams {

// The user's terminal in raw mode; as it was at its end. Nothing when standard input is none.
class RawMode {
 public:
  explicit RawMode(bool wanted);
  RawMode(const RawMode&) = delete;
  RawMode& operator=(const RawMode&) = delete;
  ~RawMode();
  // Again, after the process was stopped and a shell has set its own mode.
  void apply() const;

 private:
  std::optional<termios> saved_;
};

// Signals as something to read, as long as it lives; afterwards mask and dispositions are as before. SIGPIPE is ignored
// meanwhile: a closed pipe is an error of write.
class SignalWatch {
 public:
  explicit SignalWatch(const ClientOptions& options);
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  ~SignalWatch();

  int fd() const { return fd_.get(); }  // -1: none are watched
  // The next one, 0 for none.
  int next() const;

 private:
  Fd fd_;
  sigset_t previous_mask_{};
  struct sigaction previous_pipe_ {};
};

class UserSide {
 public:
  // `signal_pidfd` is borrowed, -1 for none.
  UserSide(const ClientOptions& options, int signal_pidfd);

  UserOutput& out() { return out_; }
  UserOutput& err() { return err_; }
  bool output_pending() const { return out_.pending() || err_.pending(); }

  // The descriptor to poll for input; -1 once there is none.
  int input_fd() const { return input_open_ ? in_.fd() : -1; }
  struct Input {
    std::size_t size = 0;   // bytes in the given space
    bool ended = false;     // end of file
    bool detached = false;  // the detach keys were typed after these bytes
  };
  Input read_input(std::span<char> space);
  // Whether move_input() may be tried.
  bool input_moves() const { return !must_copy_; }
  // Moves input into a pipe instead, of which nothing was left, without copying it. Nothing when it has to be read.
  std::optional<Input> move_input(int pipe, std::size_t size);
  // No more input is wanted.
  void close_input() { input_open_ = false; }

  int signal_fd() const { return signals_.fd(); }
  struct Signals {
    bool resized = false;
    int fatal = 0;  // one that ends this process
  };
  // Handles what has arrived: passes signals on to the container.
  Signals handle_signals();

 private:
  const ClientOptions& options_;
  int signal_pidfd_;
  SignalWatch signals_;
  RawMode raw_;  // after the signals: none may come between raw mode and its restoring
  UserStream in_;
  UserOutput out_;
  UserOutput err_;
  bool input_open_;
  bool must_copy_;
  DetachKeys keys_;
  std::string typed_;
};

// Ends this process by `signal`, as if it had never been watched. Returns only when the caller of the relay handles it.
void die_of(int signal);

}  // namespace minidock::streams
