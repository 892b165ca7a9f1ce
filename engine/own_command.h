// This program, for others to call and for what is done side by side.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/process.h"
#include "engine/context.h"
#include "engine/ordered_work.h"

namespace minidock {

// argv of minidock on this instance, with `words` behind.
std::vector<std::string> own_command(const EngineContext& context, const std::vector<std::string>& words);

// Commands of this program that run side by side, each for one container. They tell their errors on descriptor 3
// (base/error_report.h); their output is the caller's.
class OwnCommands {
 public:
  explicit OwnCommands(const EngineContext& context) : context_(context) {}
  OwnCommands(const OwnCommands&) = delete;
  OwnCommands& operator=(const OwnCommands&) = delete;

  // `verb` is called with `id`.
  void begin(const std::string& verb, const std::string& id);
  // Waits at most so long for one that ends; without any it is a pause.
  std::vector<WorkEnd> wait(std::chrono::milliseconds patience);

 private:
  struct Command {
    std::string id;
    pid_t pid = 0;
    Fd pidfd;
    Fd errors;
  };
  static WorkEnd reap(Command& command);

  const EngineContext& context_;
  std::vector<Command> commands_;
};

}  // namespace minidock
