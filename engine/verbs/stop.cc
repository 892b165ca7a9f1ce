// stop, kill, wait: a running container's main process through its pidfd, its end through its lock.
#include <fmt/format.h>
#include <poll.h>

#include <csignal>

#include "base/error.h"
#include "base/file.h"
#include "base/syscall.h"
#include "engine/engine.h"
#include "engine/events.h"
#include "engine/lifecycle.h"
#include "engine/option_parsers.h"
#include "engine/runtime/container_process.h"
#include "engine/state_directory.h"

namespace minidock {
namespace {

constexpr int kDefaultStopSeconds = 10;
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

// False when the process has ended. The event comes first: the end that the signal brings has one of its own.
bool send_signal(const storage::Instance& instance, const Container& container, const Fd& init, int signal) {
  if (!init) return false;
  record_container_event(instance, container.definition, "kill", {{"signal", std::to_string(signal)}});
  return sys::pidfd_signal_if_alive(init.get(), signal);
}

}  // namespace

void Engine::stop(const std::string& name, std::optional<int> timeout_seconds, const std::string& signal) {
  const Container found = resolve(name);
  if (!found.running()) return;
  const std::string& image_signal = found.definition.config.stop_signal;
  const int number = options::parse_signal(!signal.empty() ? signal : !image_signal.empty() ? image_signal : "SIGTERM");
  const Fd init = process::open_exact(found.state.running.init);
  if (send_signal(instance_, found, init, number) &&
      !wait_for_end(init.get(), timeout_seconds.value_or(kDefaultStopSeconds))) {
    send_signal(instance_, found, init, SIGKILL);
    if (!wait_for_end(init.get(), kKillSeconds)) {
      throw Error(
          ErrorKind::system,
          fmt::format("cannot stop container: {}: its main process ignores SIGKILL (it may hang in the kernel)", name));
    }
  }
  wait(found.id());
  record_container_event(instance_, found.definition, "stop");
}

void Engine::kill(const std::string& name, const std::string& signal) {
  const int number = options::parse_signal(signal.empty() ? "SIGKILL" : signal);
  const Container found = resolve(name);
  const Fd init = found.running() ? process::open_exact(found.state.running.init) : Fd();
  if (!send_signal(instance_, found, init, number)) {
    throw Error(ErrorKind::conflict,
                fmt::format("Cannot kill container: {}: Container {} is not running", name, found.id()));
  }
  if (number == SIGKILL) wait(found.id());
}

int Engine::wait(const std::string& name) {
  Container found = resolve(name);
  if (!found.running() && found.state.status != ContainerStatus::starting) return found.state.exit_code;
  // The pidfd tells the end; the record is there before the container's directory can go with --rm.
  if (const Fd init = process::open_exact(found.state.running.init)) wait_for_end(init.get(), -1);
  std::optional<shim::ExitRecord> record;
  for (int tries = 0; tries < 2000 && !record; ++tries) {
    record = read_exit_record(instance_, found.id());
    if (record || !file::exists(instance_.container_dir(found.id()))) break;
    const timespec millisecond{0, 1'000'000};
    nanosleep(&millisecond, nullptr);
  }
  // Whoever had the container lets its lock go when everything is tidied up.
  EngineContext here = context();
  lock_container(instance_, found.id()).reset();
  found = settle(here, std::move(found));
  return record ? record->exit_code : found.state.exit_code;
}

void Engine::remove(const std::string& name, bool force, bool volumes) {
  Container found = resolve(name);
  const bool alive = found.running() || found.state.status == ContainerStatus::starting;
  if (alive && !force) {
    throw Error(ErrorKind::conflict, fmt::format("You cannot remove a running container {}. Stop the container before "
                                                 "attempting removal or force remove",
                                                 found.id()));
  }
  if (alive) {
    send_signal(instance_, found, process::open_exact(found.state.running.init), SIGKILL);
    wait(found.id());
  }
  EngineContext here = context();
  const Fd lock = lock_container(instance_, found.id());
  // It may have gone with its end (--rm), or another `rm` was faster.
  if (const std::optional<Container> current = find_container(here.database, found.id())) {
    remove_container(here, *current, volumes);
  } else {
    remove_state_directory(instance_, found.id());
  }
}

}  // namespace minidock
