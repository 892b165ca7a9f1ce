// epoll for a handful of descriptors whose interest changes all the time.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <span>
#include <vector>

#include "base/fd.h"

namespace minidock::shim {

class Poller {
 public:
  Poller();
  // What is wanted of `fd` (EPOLLIN, EPOLLOUT; errors and hang-ups come unasked). 0 stops watching it altogether: a
  // descriptor whose peer hung up would otherwise be reported over and over.
  void watch(int fd, std::uint32_t events);
  // To be called before `fd` is closed.
  void forget(int fd) { watch(fd, 0); }
  // Waits for events, at most `timeout_ms` (-1: for ever). The events' data.fd is the descriptor. Valid until the next
  // call.
  std::span<const epoll_event> wait(int timeout_ms);

 private:
  struct Interest {
    int fd;
    std::uint32_t events;
  };
  Fd epoll_;
  std::vector<Interest> interests_;
  std::vector<epoll_event> events_;
};

}  // namespace minidock::shim
