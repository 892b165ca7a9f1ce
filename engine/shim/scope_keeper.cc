#include "engine/shim/scope_keeper.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/command_descriptors.h"
#include "base/error_report.h"
#include "base/file.h"
#include "base/process.h"
#include "base/syscall.h"

namespace minidock::shim {

ScopeKeeper::ScopeKeeper(const std::vector<std::string>& command) {
  if (command.empty()) return;
  Pipe input = sys::pipe();
  Pipe errors = sys::pipe();
  process::SpawnOptions options;
  options.program = command.front();
  options.arguments = command;
  options.fds = {{input.read.get(), 0}, {errors.write.get(), kCommandErrorFd}};
  pid_ = process::spawn(options);
  input_ = std::move(input.write);
  input.read.reset();
  errors.write.reset();
  const std::string report = file::read(errors.read.get());
  if (report.empty()) return;
  input_.reset();
  ::waitpid(pid_, nullptr, 0);
  throw error_from_report(report, "the report of the scope's command");
}

ScopeKeeper::~ScopeKeeper() {
  if (pid_ == 0) return;
  // The container's process has a copy of this descriptor until its program runs: closing it would tell nothing. When
  // the helper is gone already there is nobody to be told.
  if (::write(input_.get(), "\n", 1) < 0) input_.reset();
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace minidock::shim
