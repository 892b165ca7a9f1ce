// minidock-shim: the parent of one container's main process.
//
// Started by minidock with descriptor 3 the start channel, on which it is told which container is its own; what to run
// stands in <container dir>/shim.json. engine/shim/protocol.h describes the channels.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/explain.h"
#include "base/path.h"
#include "base/trace.h"
#include "cmd/minidock-shim/environment.h"
#include "cmd/minidock-shim/farewell.h"
#include "engine/shim/protocol.h"
#include "engine/shim/running_container.h"

namespace minidock::shim {
namespace {

// The command is told, and everything that the start has made is undone by its owners on the way here.
void report_failure(int start_channel, const Error& error) noexcept {
  try {
    send(start_channel, Failed{error.kind(), error.error_number(), error.message()});
  } catch (const Error&) {
    // The command is gone: the next one finds a container that is not running.
  }
}

// Everything up to the running program. Nothing when the command went away before the network was ready.
std::unique_ptr<RunningContainer> start(const ShimConfig& config, int start_channel) {
  CreatedContainer created(config);
  send(start_channel, Created{created.pid()});
  created.prepare();
  if (!created.wait_for_network(start_channel)) return nullptr;
  return std::make_unique<RunningContainer>(std::move(created));
}

void show_id(char* argument, const std::string& container_dir) {
  path::base_name(container_dir).copy(argument, kIdSize);
}

int run(char* argument) {
  prepare_process();
  Fd start_channel(kStartChannelFd);
  std::optional<Assignment> assignment;
  std::unique_ptr<RunningContainer> container;
  std::vector<std::string> cleanup_command;
  try {
    assignment = receive_assignment(start_channel.get());
    if (!assignment) return 0;
    show_id(argument, assignment->container_dir);
    if (assignment->explain) explain::enable(assignment->explain.get(), "shim");
    const ShimConfig config = read_config(assignment->container_dir);
    if (config.debug) trace::enable(STDERR_FILENO, "shim");
    container = start(config, start_channel.get());
    if (!container) return 0;
    cleanup_command = config.cleanup_command;
  } catch (const Error& error) {
    report_failure(start_channel.get(), error);
    return 1;
  }

  // ---- from here the program runs, and the starting command may end at any time
  explain::enable(-1, "");
  assignment->explain.reset();
  tell_started(start_channel.get(), container->state());
  settle_down();
  Supervisor& supervisor = container->supervisor();
  if (assignment->attach) supervisor.add_client(std::move(assignment->attach), ClientRole::starter);
  const Ending ending = supervisor.run();

  // ---- from here the main process is gone: the order is explained in running_container.cc
  const ExitRecord record = container->record_exit(ending);
  container->remove_remains();
  assignment->kept.clear();
  const bool delivered = supervisor.deliver_exit_code(record.exit_code, kFarewellTime);
  if (!hand_over_cleanup(std::move(start_channel), record)) start_cleanup(cleanup_command);
  // Somebody who pages through the output may still be reading.
  if (!delivered && !supervisor.deliver_exit_code(record.exit_code, kStalledClientTime)) supervisor.drop_clients();
  return 0;
}

}  // namespace
}  // namespace minidock::shim

int main(int argc, char** argv) {
  if (argc != 2 || std::strlen(argv[1]) != minidock::shim::kIdSize ||
      fcntl(minidock::shim::kStartChannelFd, F_GETFD) < 0) {
    std::fputs("minidock-shim is started by minidock, and does nothing by itself\n", stderr);
    return 125;
  }
  try {
    return minidock::shim::run(argv[1]);
  } catch (const std::exception& error) {
    // The container ends with this process; the next command that meets it repairs what is left.
    std::fprintf(stderr, "minidock-shim: %s\n", error.what());
    return 1;
  }
}
