#include "base/nap.h"

#include <ctime>

namespace minidock {

void nap(int milliseconds) {
  const timespec time{milliseconds / 1'000, milliseconds % 1'000 * 1'000'000L};
  nanosleep(&time, nullptr);
}

}  // namespace minidock
