// The terminal side of a foreground `run`, `exec` or `attach`: the user's standard streams joined to a container's.
#pragma once

#include <string>

#include "base/fd.h"

namespace minidock::streams {

struct ClientOptions {
  bool forward_stdin = false;  // -i
  bool terminal = false;       // -t: raw mode, window size, one output stream
  bool forward_stdout = true;
  bool forward_stderr = true;
  bool proxy_signals = true;  // run without -t: signals are passed on through `on_signal`
  std::string detach_keys = "ctrl-p,ctrl-q";

  bool shows_output() const { return forward_stdout || forward_stderr; }
  // What the user gave; empty leaves the default. ErrorKind::invalid_argument.
  void set_detach_keys(const std::string& keys);
};

enum class Ending { exited, detached, lost };  // lost: the other side went away without an exit code

struct Result {
  Ending ending = Ending::lost;
  int exit_code = 0;  // valid when ending is `exited`
};

// Checks "ctrl-p,ctrl-q" syntax; returns the bytes. ErrorKind::invalid_argument.
std::string parse_detach_keys(const std::string& keys);

// Joins the user's streams to a shim's attach channel until exit, detach keys or loss. Raw mode is restored on every
// way out, signals included. With no output to show, input is all there is: at its end the relay has detached, as
// docker's client does. Never closes the user's descriptors. `signal_pidfd` (borrowed, -1 for none) gets the
// signals that are passed on.
Result relay_shim(Fd channel, const ClientOptions& options, int signal_pidfd);

// The same for an exec'ed child of this process: `pidfd` becomes readable at its end; pipes or a pty master.
struct ChildStreams {
  Fd in;   // write end of its stdin; invalid for none
  Fd out;  // read end of its stdout
  Fd err;
  Fd terminal;  // pty master instead of the three
};
// Ending::exited means only that the child ended and its output is delivered; the caller reaps it for the exit code.
Result relay_child(ChildStreams streams, int pidfd, const ClientOptions& options);

// Rows and columns of the terminal on standard output (or input), 0 when there is none.
struct WindowSize {
  unsigned short rows = 0;
  unsigned short columns = 0;
};
WindowSize window_size();

}  // namespace minidock::streams
