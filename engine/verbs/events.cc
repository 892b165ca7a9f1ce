#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "base/error.h"
#include "base/format.h"
#include "base/syscall.h"
#include "engine/engine.h"
#include "engine/event_filter.h"
#include "engine/event_reader.h"

namespace minidock {
namespace {

// Milliseconds until then, rounded up; -1 for ever.
int time_left(const std::optional<std::int64_t>& until) {
  if (!until) return -1;
  constexpr std::int64_t kMillisecond = 1'000'000;
  const std::int64_t left = (*until - format::now_ns() + kMillisecond - 1) / kMillisecond;
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX));
}

// Sleeps until there may be more, or the reader of our output goes. False when the time is over.
bool wait_for_news(EventReader& reader, const std::optional<std::int64_t>& until, int out) {
  const int timeout = time_left(until);
  if (timeout == 0) return false;
  pollfd entries[] = {{reader.notifier(), POLLIN, 0}, {out, 0, 0}};
  if (::poll(entries, 2, timeout) < 0 && errno != EINTR) throw SysError("poll");
  if ((entries[1].revents & POLLERR) != 0) throw SysError(EPIPE, "events: the reader of the output is gone");
  if (entries[0].revents != 0) reader.take_notice();
  return true;
}

}  // namespace

void Engine::events(const EventsOptions& options, int out, const EventRenderer& render) {
  const EventFilter filter(options.filters);
  storage::create_directories(instance_);
  // As docker: without any bound only what is new.
  const bool from_the_past = options.since || options.until;
  EventReader reader(instance_.state, from_the_past ? EventReader::From::oldest : EventReader::From::now);
  do {
    while (const std::optional<shim::Event> event = reader.next()) {
      if (options.since && event->time_ns < *options.since) continue;
      if (options.until && event->time_ns > *options.until) continue;
      if (filter.matches(*event)) sys::write_all(out, render(*event));
    }
  } while (wait_for_news(reader, options.until, out));
}

}  // namespace minidock
