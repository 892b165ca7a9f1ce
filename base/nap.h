// Waiting for what nobody tells: a lock that another process is about to let go, a file that is about to appear.
#pragma once

namespace minidock {

// A signal that is handled ends it early.
void nap(int milliseconds);

}  // namespace minidock
