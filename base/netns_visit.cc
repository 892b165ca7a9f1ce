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

}  // namespace minidock
