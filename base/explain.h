// `run --explain`: what the kernel is asked for, step by step, in words for people, with the time of each. Steps come
// from several processes that work side by side; all write into one piece of shared memory, because that needs no
// system call: not even a process under a seccomp filter is in danger, and no step is slowed down by the telling of
// another. Off unless enabled; then a step costs one branch.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace minidock::explain {

// The shared memory, made by the process that will show it.
Fd make_log();

// From here on this process, and its clones, write into `log` (borrowed, mapped). -1: nothing any more.
void enable(int log, std::string_view who);
bool enabled() noexcept;
// The role of a process that has just been cloned.
void set_role(std::string_view who) noexcept;
// The log that was enabled, for a program that is started; borrowed, -1 for none.
int log_descriptor() noexcept;

struct Record {
  std::uint64_t started = 0;  // CLOCK_MONOTONIC, ns
  std::uint64_t ended = 0;
  bool failed = false;
  std::string who;
  std::string kind;
  std::string text;
};
// What has been written, in the order of the steps' beginnings.
std::vector<Record> records(int log);

// A step lasts as long as its object. kind: "namespace", "map", "mount", "link", …
class Step {
 public:
  // `describe` returns what is done; it is called only when somebody wants to know.
  template <typename Describe>
  Step(std::string_view kind, Describe describe) {
    if (enabled()) begin(kind, describe());
  }
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;
  ~Step() {
    if (started_ != 0) end();
  }

 private:
  void begin(std::string_view kind, std::string text);
  void end() noexcept;

  std::uint64_t started_ = 0;
  int exceptions_ = 0;
  std::string_view kind_;
  std::string text_;
};

}  // namespace minidock::explain
