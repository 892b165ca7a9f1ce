#include "names/event_set.h"

#include <algorithm>

#include "base/error.h"

namespace minidock::names {

EventSet::EventSet() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) throw SysError("epoll_create1()");
}

std::optional<std::uint64_t> EventSet::add(int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = ++last_number_;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) < 0) return std::nullopt;
  return last_number_;
}

void EventSet::change(int fd, std::uint64_t number, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = number;
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);  // fails only for what was never added
}

void EventSet::remove(int fd) { epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

std::span<epoll_event> EventSet::ready(std::span<epoll_event> space) {
  const int count = epoll_wait(epoll_.get(), space.data(), static_cast<int>(space.size()), 0);
  return space.first(static_cast<std::size_t>(std::max(count, 0)));
}

}  // namespace minidock::names
