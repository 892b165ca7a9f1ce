#include "base/trace.h"

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <string>

namespace minidock::trace {
namespace {

int trace_fd = -1;
char trace_who[24] = "";

std::uint64_t now_ns() noexcept {
  timespec ts{};
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return static_cast<std::uint64_t>(ts.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(ts.tv_nsec);
}

void emit(const std::string& text) noexcept {
  // One write a line, so that lines of several processes do not mix. A lost trace line is no error.
  [[maybe_unused]] const ssize_t written = write(trace_fd, text.data(), text.size());
}

}  // namespace

void enable(int fd, std::string_view who) {
  trace_fd = fd;
  const std::size_t length = std::min(who.size(), sizeof trace_who - 1);
  std::memcpy(trace_who, who.data(), length);
  trace_who[length] = '\0';
}

bool enabled() noexcept { return trace_fd >= 0; }

std::uint64_t start() noexcept { return enabled() ? now_ns() : 0; }

void line(std::uint64_t started, std::string_view what, long result, int err) noexcept {
  if (!enabled()) return;
  const int saved = errno;
  const double microseconds = static_cast<double>(now_ns() - started) / 1000.0;
  try {
    std::string text = fmt::format("{:<9} {:>9.1f} us  {} = {}", trace_who, microseconds, what, result);
    if (err != 0) fmt::format_to(std::back_inserter(text), " {}", strerrorname_np(err) ? strerrorname_np(err) : "?");
    text += '\n';
    emit(text);
  } catch (const std::exception&) {
    // Out of memory while tracing: the traced call matters, its line does not.
  }
  errno = saved;
}

void note(std::string_view text) noexcept {
  if (!enabled()) return;
  const int saved = errno;
  try {
    emit(fmt::format("{:<9} {:>12}  {}\n", trace_who, "", text));
  } catch (const std::exception&) {
    // As above.
  }
  errno = saved;
}

}  // namespace minidock::trace
