#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/table.h"
#include "cmd/minidock/command.h"

namespace minidock::cmd {
namespace {

constexpr std::size_t kColumnWidth = 20;  // docker's least

}  // namespace

int top(const Invocation& invocation) {
  const auto app = make_app(invocation, "CONTAINER [ps OPTIONS]", "Display the running processes of a container");
  const std::vector<std::string> positionals = parse(*app, invocation, true);
  expect_positionals(*app, positionals, 1, -1);
  const ProcessTable table =
      Engine(invocation.engine).top(positionals.front(), {positionals.begin() + 1, positionals.end()});
  std::vector<std::string> lines{fmt::format("{}", fmt::join(table.titles, "\t"))};
  for (const std::vector<std::string>& process : table.processes) {
    lines.push_back(fmt::format("{}", fmt::join(process, "\t")));
  }
  fmt::print("{}", format::align_columns(lines, kColumnWidth));
  return 0;
}

}  // namespace minidock::cmd
