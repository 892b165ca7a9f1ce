#include <fmt/format.h>
#include <unistd.h>

#include <charconv>

#include "cmd/minidock/command.h"
#include "cmd/minidock/moment.h"

namespace minidock::cmd {
namespace {

std::optional<std::int64_t> parse_tail(const std::string& text) {
  if (text.empty() || text == "all") return std::nullopt;
  std::int64_t lines = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), lines);
  // docker shows everything for what is no number.
  if (error != std::errc() || end != text.data() + text.size() || lines < 0) return std::nullopt;
  return lines;
}

}  // namespace

int logs(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] CONTAINER", "Fetch the logs of a container");
  LogsOptions options;
  std::string tail;
  std::string since;
  std::string until;
  app->add_flag("-f,--follow", options.follow, "Follow log output");
  bool clear = false;
  app->add_flag("--details", options.details, "Show extra details provided to logs");
  app->add_flag("--clear", clear, "Empty the log instead of showing it; the container may be running");
  app->add_flag("-t,--timestamps", options.timestamps, "Show timestamps");
  app->add_option("-n,--tail", tail, "Number of lines to show from the end of the logs (default \"all\")");
  app->add_option("--since", since, "Show logs since timestamp or relative (e.g. \"42m\")");
  app->add_option("--until", until, "Show logs before a timestamp or relative (e.g. \"42m\")");
  const std::vector<std::string> positionals = parse(*app, invocation);
  expect_positionals(*app, positionals, 1, 1);
  options.container = positionals.front();
  if (clear) {
    if (app->count_all() > 2) throw UsageError("Conflicting options: --clear and those that choose what is shown");
    Engine(invocation.engine).clear_log(options.container);
    return 0;
  }
  options.tail = parse_tail(tail);
  if (!since.empty()) options.since = parse_moment(since, "since");
  if (!until.empty()) options.until = parse_moment(until, "until");
  try {
    Engine(invocation.engine).logs(options, STDOUT_FILENO, STDERR_FILENO);
  } catch (const SysError& error) {
    if (error.error_number() != EPIPE) throw;  // `logs | head` has what it wanted
  }
  return 0;
}

}  // namespace minidock::cmd
