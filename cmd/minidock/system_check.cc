// system check.
#include <fmt/format.h>

#include <algorithm>

#include "base/table.h"
#include "cmd/minidock/command.h"

namespace minidock::cmd {
namespace {

constexpr char kTable[] = "table {{.Kind}}\t{{.Object}}\t{{.Finding}}";
constexpr char kRepairTable[] = "table {{.Kind}}\t{{.Object}}\t{{.Finding}}\t{{.Repair}}";

OrderedJson row_of(const CheckFinding& finding) {
  return OrderedJson{
      {"Finding", finding.what}, {"Kind", finding.kind}, {"Object", finding.object}, {"Repair", finding.repair}};
}

}  // namespace

int system_check(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS]",
                            "Compare what there is of containers and networks with what there should be.\n"
                            "The exit code is 1 when something is wrong (with --repair: is still wrong).");
  bool repairs = false;
  std::string format;
  app->add_flag("--repair", repairs, "Put right what is wrong");
  app->add_option("--format", format, "Format output using a Go template, 'table TEMPLATE' or 'json'");
  expect_positionals(*app, parse(*app, invocation), 0, 0);
  const bool is_default = format.empty() || format == "table";
  const OrderedJson headers{{"Finding", "FINDING"}, {"Kind", "KIND"}, {"Object", "OBJECT"}, {"Repair", "REPAIR"}};
  // A template that is none has to be told of before anything is repaired.
  if (!is_default) format::render_list(format, headers, {});
  const std::vector<CheckFinding> findings = Engine(invocation.engine).check(repairs);
  if (is_default && findings.empty()) {
    fmt::print("Nothing is wrong.\n");
    return 0;
  }
  if (is_default) format = repairs ? kRepairTable : kTable;
  std::vector<OrderedJson> rows;
  for (const CheckFinding& finding : findings) rows.push_back(row_of(finding));
  fmt::print("{}", format::render_list(format, headers, rows));
  return std::any_of(findings.begin(), findings.end(), [](const CheckFinding& finding) { return finding.is_wrong; });
}

}  // namespace minidock::cmd
