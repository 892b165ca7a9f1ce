// stop, kill, wait: a running container's main process through its pidfd, its end through its lock.
#include <fmt/format.h>
#include <poll.h>

#include <csignal>

#include "base/error.h"
#include "base/file.h"
#include "base/nap.h"
#include "base/syscall.h"
#include "engine/engine.h"
#include "engine/events.h"
#include "engine/lifecycle.h"
#include "engine/option_parsers.h"
#include "engine/resources.h"
#include "engine/runtime/freezer.h"
#include "engine/shim/state_directory.h"
#include "engine/state_directory.h"
#include "engine/stop_settings.h"

namespace minidock {
namespace {

constexpr int kKillSeconds = 10;

// True when the process ended within `seconds` (negative: waits for ever).
bool wait_for_end(int pidfd, int seconds) {
  pollfd entry{pidfd, POLLIN, 0};
  for (;;) {
    const int ready = ::poll(&entry, 1, seconds < 0 ? -1 : seconds * 1000);
    if (ready >= 0) return ready > 0;
    if (errno != EINTR) throw SysError("poll(pidfd)");
  }
}

// No restart policy is to undo what is done now; a shim that waits to restart the container gives up.
void announce_stop(const storage::Instance& instance, const Container& container,
                   shim::StopReason reason = shim::StopReason::user) {
  shim::request_stop(instance.container_state_dir(container.id()), reason);
  if (!container.restarting()) return;
  if (const Fd shim = process::open_exact(container.state.running.shim)) {
    sys::pidfd_signal_if_alive(shim.get(), SIGTERM);
  }
}

// A frozen process takes a signal only when it runs again; SIGKILL ends it as it is, and its cgroup may be gone by now.
void let_signal_through(const storage::Instance& instance, const Container& container) {
  if (!container.state.paused) return;
  try {
    runtime::thaw_cgroup(cgroups_path(instance, container.definition));
  } catch (const Error&) {
    if (process::is_alive(container.state.running.init)) throw;
  }
}

// False when the process has ended. The event comes first: the end that the signal brings has one of its own.
bool send_signal(const storage::Instance& instance, const Container& container, const Fd& init, int signal) {
  if (!init) return false;
  record_container_event(instance, container.definition, "kill", {{"signal", std::to_string(signal)}});
  return sys::pidfd_signal_if_alive(init.get(), signal);
}

// Waits for the shim to tell the container's end, that of the last run when there are several. Its record is there
// before the container's directory can go with --rm.
std::optional<shim::ExitRecord> wait_for_exit_record(const storage::Instance& instance, const Container& container) {
  if (const Fd shim = process::open_exact(container.state.running.shim)) {
    const Fd init = process::open_exact(container.state.running.init);
    const bool one_run = container.definition.host.restart.name == "no" && init;
    wait_for_end(one_run ? init.get() : shim.get(), -1);
  }
  std::optional<shim::ExitRecord> record;
  for (int tries = 0; tries < 2000 && !record; ++tries) {
    record = read_exit_record(instance, container.id());
    if (record || !file::exists(instance.container_dir(container.id()))) break;
    nap(1);
  }
  return record;
}

}  // namespace

void Engine::stop(const std::string& name, std::optional<int> timeout_seconds, const std::string& signal) {
  stop_container(name, timeout_seconds, signal, shim::StopReason::user);
}

void Engine::stop_container(const std::string& name, std::optional<int> timeout_seconds, const std::string& signal,
                            shim::StopReason reason) {
  const Container found = resolve(name);
  if (!found.alive()) return;
  const ContainerConfig& config = found.definition.config;
  const int number = signal.empty() ? stop_signal_of(config) : options::parse_signal(signal);
  const int seconds = timeout_seconds.value_or(config.stop_timeout.value_or(kDefaultStopSeconds));
  announce_stop(instance_, found, reason);
  const Fd init = process::open_exact(found.state.running.init);
  const bool told = send_signal(instance_, found, init, number);
  if (told) let_signal_through(instance_, found);
  if (told && !wait_for_end(init.get(), seconds)) {
    send_signal(instance_, found, init, SIGKILL);
    if (!wait_for_end(init.get(), kKillSeconds)) {
      throw Error(
          ErrorKind::system,
          fmt::format("cannot stop container: {}: its main process ignores SIGKILL (it may hang in the kernel)", name));
    }
  }
  wait_for_last_end(found.id());
  record_container_event(instance_, found.definition, "stop");
}

void Engine::kill(const std::string& name, const std::string& signal) {
  const int number = options::parse_signal(signal.empty() ? "SIGKILL" : signal);
  const Container found = [&] {
    try {
      return resolve(name);
    } catch (const Error& error) {
      throw error.with_context(fmt::format("Cannot kill container: {}", name));
    }
  }();
  if (!found.running()) {
    throw Error(ErrorKind::conflict,
                fmt::format("Cannot kill container: {}: Container {} is not running", name, found.id()));
  }
  // As in docker, these two mean that it is to end.
  const bool ends = number == SIGKILL || number == stop_signal_of(found.definition.config);
  if (ends) announce_stop(instance_, found);
  const Fd init = process::open_exact(found.state.running.init);
  if (!send_signal(instance_, found, init, number)) {
    throw Error(ErrorKind::conflict,
                fmt::format("Cannot kill container: {}: Container {} is not running", name, found.id()));
  }
  // docker resumes a container only for a signal that is to end it.
  if (ends) let_signal_through(instance_, found);
  if (number == SIGKILL) wait_for_last_end(found.id());
}

int Engine::wait_for_last_end(const std::string& name) {
  const Container found = resolve(name);
  std::optional<shim::ExitRecord> record;
  if (found.alive()) record = wait_for_exit_record(instance_, found);
  EngineContext here = context();
  std::optional<Container> row = find_container(here.database, found.id());
  if (!row) return record ? record->exit_code : found.state.exit_code;
  if (row->alive()) {
    // Whoever had the container lets its lock go when everything is tidied up.
    lock_container(instance_, found.id()).reset();
    row = settle(here, std::move(*row));
  }
  return record ? record->exit_code : row->state.exit_code;
}

namespace {

// Waits for the end of the run that is, between two runs for that of the next one. Its exit code, when another run may
// follow; nothing when it was the last, and the container's record tells.
std::optional<int> wait_for_end_of_run(const storage::Instance& instance, const Container& container) {
  constexpr int kMillisecondsUntilNextRun = 20;
  const Fd shim = process::open_exact(container.state.running.shim);
  for (bool has_ended = false; shim && !wait_for_end(shim.get(), 0);) {
    const std::optional<shim::RunningState> state = read_running_state(instance, container.id());
    if (!state || read_exit_record(instance, container.id())) break;
    if (state->restarting) {
      if (has_ended) return state->exit_code;
      nap(kMillisecondsUntilNextRun);
      continue;
    }
    if (const Fd init = process::open_exact(state->init)) wait_for_end(init.get(), -1);
    // The shim is about to say what follows.
    has_ended = true;
    nap(1);
  }
  return std::nullopt;
}

bool holds(const Container& container, WaitCondition condition) {
  if (condition == WaitCondition::running) return container.running();
  return container.state.health == (condition == WaitCondition::healthy ? "healthy" : "unhealthy");
}

}  // namespace

int Engine::wait(const std::string& name, WaitCondition condition) {
  if (condition == WaitCondition::not_running) {
    const Container found = resolve(name);
    const std::optional<int> code = found.alive() ? wait_for_end_of_run(instance_, found) : std::nullopt;
    return code ? *code : wait_for_last_end(found.id());
  }
  constexpr int kMillisecondsBetweenLooks = 20;
  const std::string id = resolve(name).id();
  if (condition == WaitCondition::removed) {
    int code = 0;
    while (const std::optional<Container> container = find_container(database(), id)) {
      code = wait_for_last_end(id);
      nap(kMillisecondsBetweenLooks);
    }
    return code;
  }
  while (!holds(resolve(id), condition)) nap(kMillisecondsBetweenLooks);
  return 0;
}

void Engine::remove(const std::string& name, bool force, bool volumes) {
  Container found = resolve(name);
  if (found.alive() && !force && found.state.paused) {
    throw Error(ErrorKind::conflict, fmt::format("You cannot remove a paused container {}. Unpause and then stop the "
                                                 "container before attempting removal or force remove",
                                                 found.id()));
  }
  if (found.alive() && !force) {
    throw Error(
        ErrorKind::conflict,
        fmt::format("You cannot remove a {} container {}. Stop the container before attempting removal or force "
                    "remove",
                    found.restarting() ? "restarting" : "running", found.id()));
  }
  if (found.alive()) {
    announce_stop(instance_, found);
    send_signal(instance_, found, process::open_exact(found.state.running.init), SIGKILL);
    wait_for_last_end(found.id());
  }
  EngineContext here = context();
  const Fd lock = lock_container(instance_, found.id());
  // Whoever was to tidy up after its end may have failed at it.
  settle_held(here, found);
  // It may have gone with its end (--rm), or another `rm` was faster.
  if (const std::optional<Container> current = find_container(here.database, found.id())) {
    remove_container(here, *current, volumes);
  } else {
    remove_state_directory(instance_, found.id());
  }
}

}  // namespace minidock
