// system boot, system shutdown: what minidock.service calls.
#include <fmt/format.h>

#include "cmd/minidock/command.h"

namespace minidock::cmd {
namespace {

// A journal is read by line, and somebody may wait for one.
WorkReport report_lines() {
  WorkReport report;
  report.done = [](const std::string& name) {
    fmt::print("{}\n", name);
    std::fflush(stdout);
  };
  report.failed = [](const std::string& name, const std::string& error) {
    fmt::print(stderr, "Error: container {}: {}\n", name, error);
  };
  return report;
}

}  // namespace

int system_boot(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS]",
                            "Start the containers whose restart policy says so, in the order of their dependencies");
  int seconds = 120;
  app->add_option("--wait", seconds,
                  "Seconds to wait for a container to become healthy, or to complete, where another depends on that "
                  "(default 120)")
      ->check(CLI::NonNegativeNumber);
  expect_positionals(*app, parse(*app, invocation), 0, 0);
  return Engine(invocation.engine).boot(std::chrono::seconds(seconds), report_lines()) ? 0 : 1;
}

int system_shutdown(const Invocation& invocation) {
  const auto app = make_app(invocation, "",
                            "Stop all containers, in the order of their dependencies; `system boot` starts them again");
  expect_positionals(*app, parse(*app, invocation), 0, 0);
  return Engine(invocation.engine).shutdown(report_lines()) ? 0 : 1;
}

}  // namespace minidock::cmd
