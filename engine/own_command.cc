#include "engine/own_command.h"

#include <fmt/format.h>
#include <poll.h>

#include <cerrno>

#include "base/command_descriptors.h"
#include "base/error_report.h"
#include "base/file.h"
#include "base/syscall.h"

namespace minidock {

std::vector<std::string> own_command(const EngineContext& context, const std::vector<std::string>& words) {
  std::vector<std::string> command{process::find_companion("minidock")};
  command.insert(command.end(), context.instance_arguments.begin(), context.instance_arguments.end());
  command.insert(command.end(), words.begin(), words.end());
  return command;
}

void OwnCommands::begin(const std::string& verb, const std::string& id) {
  Pipe errors = sys::pipe();
  process::SpawnOptions options;
  options.arguments = own_command(context_, {verb, id});
  options.program = options.arguments.front();
  options.fds = {{errors.write.get(), kCommandErrorFd}};
  Command command{id, process::spawn(options), {}, std::move(errors.read)};
  command.pidfd = sys::pidfd_open(command.pid);
  commands_.push_back(std::move(command));
}

std::vector<WorkEnd> OwnCommands::wait(std::chrono::milliseconds patience) {
  std::vector<pollfd> waited;
  for (const Command& command : commands_) waited.push_back({command.pidfd.get(), POLLIN, 0});
  if (::poll(waited.data(), waited.size(), static_cast<int>(patience.count())) < 0 && errno != EINTR) {
    throw SysError("poll(pidfds)");
  }
  std::vector<WorkEnd> ends;
  for (std::size_t i = waited.size(); i-- > 0;) {
    if ((waited[i].revents & POLLIN) == 0) continue;
    ends.push_back(reap(commands_[i]));
    commands_.erase(commands_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return ends;
}

WorkEnd OwnCommands::reap(Command& command) {
  const int code = process::exit_code(sys::waitpid(command.pid));
  if (code == 0) return {command.id, std::nullopt};
  const std::string report = file::read(command.errors.get());
  if (report.empty()) return {command.id, fmt::format("the command for it failed with exit code {}", code)};
  return {command.id, error_from_report(report, "the report of the command").message()};
}

}  // namespace minidock
