// How a container is asked to end.
#pragma once

#include "engine/definition.h"

namespace minidock {

inline constexpr int kDefaultStopSeconds = 10;

// --stop-signal or the image's, else SIGTERM.
int stop_signal_of(const ContainerConfig& config);

}  // namespace minidock
