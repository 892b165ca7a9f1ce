#include "engine/explanation.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/syscall.h"

namespace minidock {
namespace {

double microseconds(std::uint64_t ns) { return static_cast<double>(ns) / 1000.0; }

}  // namespace

std::string explanation_text(const std::vector<explain::Record>& steps) {
  std::string text = fmt::format("{:<9} {:<11} {:>12}  {}\n", "PROCESS", "WHAT", "TIME", "STEP");
  std::uint64_t sum = 0;
  std::uint64_t end = 0;
  for (const explain::Record& step : steps) {
    const std::uint64_t duration = step.ended - step.started;
    sum += duration;
    end = std::max(end, step.ended);
    text += fmt::format("{:<9} {:<11} {:>9.1f} us  {}{}\n", step.who, step.kind, microseconds(duration), step.text,
                        step.failed ? ": failed" : "");
  }
  if (steps.empty()) return text;
  return text + fmt::format(
                    "{} steps, {:.1f} us together; {:.1f} us from the first to the last, for the processes work "
                    "side by side\n",
                    steps.size(), microseconds(sum), microseconds(end - steps.front().started));
}

Explanation::Explanation(bool wanted) {
  if (!wanted) return;
  log_ = explain::make_log();
  explain::enable(log_.get(), "minidock");
}

Explanation::~Explanation() {
  try {
    show();
  } catch (const Error&) {
    // Nobody reads standard error: the start's own error matters.
  }
}

void Explanation::show() {
  if (!log_) return;
  const Fd log = std::move(log_);
  explain::enable(-1, "");
  sys::write_all(STDERR_FILENO, explanation_text(explain::records(log.get())));
}

}  // namespace minidock
