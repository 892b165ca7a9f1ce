#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/error.h"
#include "base/format.h"
#include "base/syscall.h"
#include "engine/engine.h"
#include "engine/lifecycle.h"
#include "engine/log_reader.h"

namespace minidock {
namespace {

// False once an entry is past `until`: there is nothing more to show.
bool print(const LogEntry& entry, const LogsOptions& options, int out, int err) {
  if (options.since && entry.time < *options.since) return true;
  if (options.until && entry.time > *options.until) return false;
  std::string text = options.timestamps ? format::rfc3339_nano_fixed(entry.time) + " " : "";
  text += entry.text;
  sys::write_all(entry.is_stderr ? err : out, text);
  return true;
}

bool drain(LogReader& reader, const LogsOptions& options, int out, int err) {
  while (const std::optional<LogEntry> entry = reader.next()) {
    if (!print(*entry, options, out, err)) return false;
  }
  return true;
}

// Sleeps until the log grows, the process ends or the reader of our output goes.
void wait_for_news(int inotify, int pidfd, int out) {
  pollfd entries[] = {{inotify, POLLIN, 0}, {pidfd, POLLIN, 0}, {out, 0, 0}};
  if (::poll(entries, 3, -1) < 0 && errno != EINTR) throw SysError("poll");
  if ((entries[2].revents & POLLERR) != 0) throw SysError(EPIPE, "logs: the reader of the output is gone");
  char events[4096];
  if ((entries[0].revents & POLLIN) != 0) sys::read(inotify, events, sizeof events);
}

bool has_ended(int pidfd) {
  pollfd entry{pidfd, POLLIN, 0};
  return ::poll(&entry, 1, 0) > 0;
}

}  // namespace

void Engine::logs(const LogsOptions& options, int out, int err) {
  const Container found = resolve(options.container);
  const std::string path = fmt::format("{}/{}-json.log", instance_.container_dir(found.id()), found.id());
  const Fd inotify(inotify_init1(IN_CLOEXEC));
  if (!inotify) throw SysError("inotify_init1");
  if (options.follow &&
      inotify_add_watch(inotify.get(), instance_.container_dir(found.id()).c_str(), IN_MODIFY | IN_MOVED_TO) < 0) {
    throw SysError(fmt::format("cannot watch the log of container {}", found.name()));
  }
  LogReader reader(path, options.tail);
  if (!drain(reader, options, out, err) || !options.follow || !found.running()) return;

  const Fd init = process::open_exact(found.state.running.init);
  while (init && !has_ended(init.get())) {
    wait_for_news(inotify.get(), init.get(), out);
    if (!drain(reader, options, out, err)) return;
  }
  // The last output is written before the exit record is.
  wait(found.id());
  drain(reader, options, out, err);
}

}  // namespace minidock
