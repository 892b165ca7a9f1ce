// An epoll instance whose events name what they are about by a number that is never used twice: an event that is about
// something closed a moment ago finds nothing.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <optional>
#include <span>

#include "base/fd.h"

namespace minidock::names {

class EventSet {
 public:
  EventSet();  // throws SysError

  int fd() const { return epoll_.get(); }
  // The number of `fd` (borrowed) from here on, at least 1; nothing when the kernel takes no more. `events`: EPOLLIN,
  // EPOLLOUT; errors and hang-ups come unasked.
  std::optional<std::uint64_t> add(int fd, std::uint32_t events);
  void change(int fd, std::uint64_t number, std::uint32_t events);
  // To be called before `fd` is closed: a child between fork and exec may keep what is behind it open.
  void remove(int fd);
  // What has happened; data.u64 is the number. Never waits.
  std::span<epoll_event> ready(std::span<epoll_event> space);

 private:
  Fd epoll_;
  std::uint64_t last_number_ = 0;
};

}  // namespace minidock::names
