// The shim as a process: what it is given, and what it makes of itself before and after the start.
#pragma once

#include <optional>
#include <string>

namespace minidock::shim {

struct Arguments {
  std::string container_dir;
  bool attach = false;
  int kept = 0;
};

// Nothing when they are not what minidock passes.
std::optional<Arguments> parse_arguments(int argc, char** argv);

// Not to be traced or ended by a stray signal, no descriptor of its own in the container.
void prepare_process();

// After the start: the caller's terminal is let go, memory that only the start needed goes back to the kernel.
void settle_down();

// Closes the kept descriptors.
void close_kept(const Arguments& arguments);

}  // namespace minidock::shim
