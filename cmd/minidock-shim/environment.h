// The shim as a process: what it is given, and what it makes of itself before and after the start.
#pragma once

namespace minidock::shim {

// Not to be traced or ended by a stray signal, no descriptor of its own in the container.
void prepare_process();

// After the start: the caller's terminal is let go, memory that only the start needed goes back to the kernel.
void settle_down();

}  // namespace minidock::shim
