#include "engine/shim/poller.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"

namespace minidock::shim {

Poller::Poller() : epoll_(epoll_create1(EPOLL_CLOEXEC)), events_(16) {
  if (!epoll_) throw SysError("epoll_create1()");
}

void Poller::watch(int fd, std::uint32_t events) {
  const auto known = std::find_if(interests_.begin(), interests_.end(), [&](const Interest& i) { return i.fd == fd; });
  const bool watched = known != interests_.end();
  if ((watched ? known->events : 0) == events) return;
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  const int operation = !watched ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
  if (epoll_ctl(epoll_.get(), operation, fd, &event) < 0) {
    throw SysError(fmt::format("epoll_ctl({}, {})", operation, fd));
  }
  if (!watched) {
    interests_.push_back({fd, events});
  } else if (events == 0) {
    interests_.erase(known);
  } else {
    known->events = events;
  }
}

std::span<const epoll_event> Poller::wait(int timeout_ms) {
  const int count = epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), timeout_ms);
  if (count < 0 && errno != EINTR) throw SysError("epoll_wait()");
  return {events_.data(), static_cast<std::size_t>(std::max(count, 0))};
}

}  // namespace minidock::shim
