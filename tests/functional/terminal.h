// A program on a pseudo-terminal of its own, as a user sits before it.
#pragma once

#include <sys/types.h>

#include <string>

#include "tests/functional/sandbox.h"

namespace minidock::functional {

class Terminal {
 public:
  explicit Terminal(const Arguments& command, unsigned short rows = 24, unsigned short columns = 80);
  ~Terminal();
  Terminal(const Terminal&) = delete;

  void type(const std::string& keys);
  // Waits (half a minute) until `text` was shown after what an earlier call has matched; false when it never came.
  bool shows(const std::string& text);
  void resize(unsigned short rows, unsigned short columns);
  // Everything that was shown.
  const std::string& screen() const { return screen_; }
  pid_t pid() const { return pid_; }
  int wait();
  // Whether the terminal is in the mode that it started in (raw mode restored).
  bool has_first_mode() const;

 private:
  bool read_more(int timeout_ms);

  int master_ = -1;
  pid_t pid_ = -1;
  std::string screen_;
  std::size_t matched_ = 0;
  unsigned first_local_modes_ = 0;
};

}  // namespace minidock::functional
