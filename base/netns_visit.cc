#include "base/netns_visit.h"

#include <fcntl.h>
#include <sched.h>

#include <cstdlib>

#include "base/syscall.h"
#include "base/trace.h"

namespace minidock {

NetnsVisit::NetnsVisit(int netns) : home_(sys::open("/proc/thread-self/ns/net", O_RDONLY)) {
  sys::setns(netns, CLONE_NEWNET);
}

NetnsVisit::~NetnsVisit() {
  if (::setns(home_.get(), CLONE_NEWNET) == 0) return;
  trace::note("cannot return to the own network namespace");
  std::abort();
}

Fd make_netns() {
  const Fd home = sys::open("/proc/thread-self/ns/net", O_RDONLY);
  const NetnsVisit visit(home.get());  // leads back
  sys::unshare(CLONE_NEWNET);
  return sys::open("/proc/thread-self/ns/net", O_RDONLY);
}

}  // namespace minidock
