// Visiting another network namespace. The process must be single-threaded.
#pragma once

#include "base/fd.h"

namespace minidock {

// The calling thread is in `netns` from construction to destruction. A process that cannot get back ends: everything it
// would do to "the host" after that would happen in the container.
class NetnsVisit {
 public:
  explicit NetnsVisit(int netns);
  ~NetnsVisit();
  NetnsVisit(const NetnsVisit&) = delete;
  NetnsVisit& operator=(const NetnsVisit&) = delete;

 private:
  Fd home_;
};

// A new network namespace, which lasts as long as the descriptor; the caller stays in its own. As a visit ends.
Fd make_netns();

}  // namespace minidock
