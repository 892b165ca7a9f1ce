// stats: a table that is drawn anew every second, or once.
#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <thread>

#include "base/table.h"
#include "cmd/minidock/client_config.h"
#include "cmd/minidock/command.h"
#include "engine/stats_rows.h"

namespace minidock::cmd {
namespace {

constexpr char kTable[] =
    "table {{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}";
constexpr char kClearScreen[] = "\033[2J\033[H";
constexpr std::chrono::seconds kInterval{1};

struct StatsOptions {
  bool all = false;
  bool once = false;
  bool no_truncate = false;
  std::string format;
  std::vector<std::string> names;  // empty: every container that runs
};

using Samples = std::map<std::string, UseSample>;  // by what names the container

std::vector<std::string> names_of(Engine& engine, const StatsOptions& options) {
  if (!options.names.empty()) return options.names;
  std::vector<std::string> ids;
  for (const Container& container : engine.list({.all = options.all, .last = 0, .filters = {}})) {
    ids.push_back(container.id());
  }
  return ids;
}

Samples take_samples(Engine& engine, const std::vector<std::string>& names) {
  Samples samples;
  for (const std::string& name : names) {
    try {
      samples[name] = engine.sample_use(name);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::not_found) throw;  // it has gone meanwhile
    }
  }
  return samples;
}

std::vector<OrderedJson> make_rows(const StatsOptions& options, const std::vector<std::string>& names,
                                   const Samples& before, const Samples& now) {
  std::vector<OrderedJson> rows;
  for (const std::string& name : names) {
    const auto current = now.find(name);
    const auto earlier = before.find(name);
    // What the user did not name is shown by its short id, and not at all when it has gone.
    const std::string shown = options.names.empty() ? name.substr(0, 12) : name;
    if (current != now.end()) {
      rows.push_back(stats_row(shown, earlier == before.end() ? UseSample{} : earlier->second, current->second,
                               !options.no_truncate));
    } else if (!options.names.empty()) {
      rows.push_back(unknown_stats_row(shown));
    }
  }
  return rows;
}

// Until nobody reads any more, or once.
void show(Engine& engine, const StatsOptions& options) {
  for (const std::string& name : options.names) engine.container(name);  // a name that is none is an error
  Samples before = take_samples(engine, names_of(engine, options));
  for (;;) {
    std::this_thread::sleep_for(kInterval);
    const std::vector<std::string> names = names_of(engine, options);
    Samples now = take_samples(engine, names);
    const std::string table =
        format::render_list(options.format, stats_headers(), make_rows(options, names, before, now));
    fmt::print("{}{}", options.once ? "" : kClearScreen, table);
    if (std::fflush(stdout) != 0 || options.once) return;
    before = std::move(now);
  }
}

}  // namespace

int stats(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] [CONTAINER...]",
                            "Display a live stream of container(s) resource usage statistics");
  StatsOptions options;
  app->add_flag("-a,--all", options.all, "Show all containers (default shows just running)");
  app->add_option("--format", options.format, "Format output using a Go template, 'table TEMPLATE' or 'json'");
  app->add_flag("--no-stream", options.once, "Disable streaming stats and only pull the first result");
  app->add_flag("--no-trunc", options.no_truncate, "Do not truncate output");
  options.names = parse(*app, invocation);
  take_configured_format(options.format, "statsFormat");
  if (options.format.empty() || options.format == "table") options.format = kTable;
  Engine engine(invocation.engine);
  show(engine, options);
  return 0;
}

}  // namespace minidock::cmd
