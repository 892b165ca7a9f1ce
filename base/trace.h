// `--debug`: one line a traced step, with the time it took. Off unless enabled; then it costs one branch.
#pragma once

#include <cstdint>
#include <string_view>

namespace minidock::trace {

// Sends trace lines to descriptor `fd` (borrowed), each with `who` (the process's role) in front. -1 turns tracing off.
void enable(int fd, std::string_view who);
bool enabled() noexcept;

// CLOCK_MONOTONIC in nanoseconds; 0 when tracing is off, so that an untraced call does not read the clock.
std::uint64_t start() noexcept;

// Writes "who  <microseconds> us  what = result" (with the errno's name when err is not 0). Keeps errno.
void line(std::uint64_t started, std::string_view what, long result, int err = 0) noexcept;

// A remark that is not a call.
void note(std::string_view text) noexcept;

}  // namespace minidock::trace
