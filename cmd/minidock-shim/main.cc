// minidock-shim: the parent of one container's main process.
//
// Started by minidock with descriptor 3 the start channel, on which it is told which container is its own; what to run
// stands in <container dir>/shim.json. engine/shim/protocol.h describes the channels.
#include <fcntl.h>
#include <malloc.h>
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
#include "base/syscall.h"
#include "base/trace.h"
#include "cmd/minidock-shim/environment.h"
#include "cmd/minidock-shim/farewell.h"
#include "cmd/minidock-shim/restart.h"
#include "engine/shim/kept_ports.h"
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
std::unique_ptr<RunningContainer> start(const ShimConfig& config, int start_channel, int preserved, KeptPorts& ports) {
  CreatedContainer created(config, {kFirstPreservedFd, preserved});
  send(start_channel, Created{sys::dup_cloexec(created.netns())});
  created.prepare();
  if (!config.firewall_command.empty()) ports.listen(config.state_dir);  // it has networks
  if (!created.wait_for_network(start_channel)) return nullptr;
  return std::make_unique<RunningContainer>(std::move(created), 0);
}

struct Paths {
  std::string container_dir;
  std::string state_dir;
};

void show_id(char* argument, const std::string& container_dir) {
  path::base_name(container_dir).copy(argument, kIdSize);
}

// The container's life from its first program on: run after run, until an end that no restart follows. What is left of
// it then is its record; `container` is nothing when the last start has failed.
struct Life {
  std::unique_ptr<RunningContainer> container;
  ExitRecord record;
};

// Everyone attached hears the code of a run that is followed by another, the starting command too.
void end_run(RunningContainer& container, const ExitRecord& record, Fd& start_channel) {
  container.leave_for_restart(record);
  container.supervisor().deliver_exit_code(record.exit_code, kFarewellTime);
  container.supervisor().drop_clients();
  tell_restarting(std::move(start_channel), record);
}

Life live(std::unique_ptr<RunningContainer> container, const Paths& paths, RestartSettings settings, Fd& start_channel,
          KeptPorts& ports) {
  Life life{std::move(container), {}};
  RestartBackoff backoff;
  for (;;) {
    life.container->supervisor().serve_ports(ports);
    const Ending ending = life.container->supervisor().run();
    life.record = life.container->describe(ending);
    if (const auto changed = read_restart_settings(paths.state_dir)) settings = *changed;
    const auto delay = backoff.next(settings, life.container->end_of_run(ending));
    if (!delay) return life;
    end_run(*life.container, life.record, start_channel);
    life.container.reset();
    if (!wait_for_restart(paths.state_dir, *delay, ports)) {
      life.record.stopped_by_user = is_stopped_by_user(paths.state_dir);
      return life;
    }
    try {
      life.container = start_again(read_config(paths.container_dir), backoff.count());
    } catch (const Error& error) {
      life.record.error = error.message();
      life.record.exit_code = exit_code_of_failed_start(error);
      return life;
    }
    malloc_trim(0);
  }
}

// The order is explained in running_container.cc.
void leave(Life& life, const Paths& paths) {
  if (life.container) {
    life.container->write(life.record);
    life.container->remove_remains();
    return;
  }
  write_exit_record(paths.container_dir, life.record);
  StateDirectory(paths.state_dir).leave(true);
}

int run(char* argument) {
  prepare_process();
  Fd start_channel(kStartChannelFd);
  std::optional<Assignment> assignment;
  KeptPorts kept;
  std::unique_ptr<RunningContainer> container;
  Paths paths;
  RestartSettings restart;
  std::vector<std::string> cleanup_command;
  try {
    assignment = receive_assignment(start_channel.get());
    if (!assignment) return 0;
    show_id(argument, assignment->container_dir);
    kept.keep(std::move(assignment->kept));
    if (assignment->explain) explain::enable(assignment->explain.get(), "shim");
    const ShimConfig config = read_config(assignment->container_dir);
    if (config.debug) trace::enable(STDERR_FILENO, "shim");
    container = start(config, start_channel.get(), assignment->preserved, kept);
    if (!container) return 0;
    paths = Paths{config.container_dir, config.state_dir};
    restart = config.restart;
    cleanup_command = config.cleanup_command;
  } catch (const Error& error) {
    report_failure(start_channel.get(), error);
    return 1;
  }

  // ---- from here the program runs, and the starting command may end at any time
  explain::enable(-1, "");
  assignment->explain.reset();
  for (int i = 0; i < assignment->preserved; ++i) ::close(kFirstPreservedFd + i);
  tell_started(start_channel.get(), container->state());
  settle_down();
  if (assignment->attach) container->supervisor().add_client(std::move(assignment->attach), ClientRole::starter);
  Life life = live(std::move(container), paths, std::move(restart), start_channel, kept);

  // ---- from here the main process is gone for good
  leave(life, paths);
  kept.release();
  const int exit_code = life.record.exit_code;
  const bool delivered = !life.container || life.container->supervisor().deliver_exit_code(exit_code, kFarewellTime);
  if (!hand_over_cleanup(std::move(start_channel), life.record)) start_cleanup(cleanup_command);
  // Somebody who pages through the output may still be reading.
  if (!delivered && !life.container->supervisor().deliver_exit_code(exit_code, kStalledClientTime)) {
    life.container->supervisor().drop_clients();
  }
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
