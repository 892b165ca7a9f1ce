#include "engine/stop_settings.h"

#include "engine/option_parsers.h"

namespace minidock {

int stop_signal_of(const ContainerConfig& config) {
  return options::parse_signal(config.stop_signal.empty() ? "SIGTERM" : config.stop_signal);
}

}  // namespace minidock
