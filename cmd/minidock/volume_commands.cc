// volume create, ls, inspect, rm, exists, export, import.
#include <fmt/format.h>

#include "base/table.h"
#include "cmd/minidock/client_config.h"
#include "cmd/minidock/command.h"
#include "cmd/minidock/documents.h"
#include "cmd/minidock/words.h"
#include "engine/list_rows.h"

namespace minidock::cmd {
namespace {

constexpr char kVolumeTable[] = "table {{.Driver}}\t{{.Name}}";

}  // namespace

int volume_create(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] [VOLUME]", "Create a volume");
  CreateVolumeOptions options;
  std::vector<std::string> labels;
  std::vector<std::string> driver_options;
  app->add_option("-d,--driver", options.driver, "Specify volume driver name (default \"local\")");
  add_list(*app, "--label,-l", labels, "Set metadata for a volume");
  app->add_option("--name", options.name, "Specify volume name")->group("");
  add_list(*app, "-o,--opt", driver_options, "Set driver specific options");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 0, 1);
  if (!names.empty()) {
    if (!options.name.empty()) {
      throw Error(ErrorKind::invalid_argument,
                  "conflicting options: either specify --name or provide positional arg, not both");
    }
    options.name = names.front();
  }
  options.labels = key_value_map(labels);
  options.options = key_value_map(driver_options);
  fmt::print("{}\n", Engine(invocation.engine).create_volume(options));
  return 0;
}

int volume_ls(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS]", "List volumes");
  std::vector<std::string> filters;
  bool quiet = false;
  std::string format;
  add_filters(*app, "-f,--filter", filters);
  app->add_option("--format", format, "Format output using a Go template, 'table TEMPLATE' or 'json'");
  app->add_flag("-q,--quiet", quiet, "Only display volume names");
  expect_positionals(*app, parse(*app, invocation), 0, 0);
  Engine engine(invocation.engine);
  std::vector<OrderedJson> rows;
  for (const Volume& volume : engine.volumes(filters)) rows.push_back(volume_row(volume, engine.instance()));
  take_configured_format(format, "volumesFormat", quiet);
  if (format.empty() || format == "table") format = quiet ? "{{.Name}}" : kVolumeTable;
  fmt::print("{}", format::render_list(format, volume_headers(), rows));
  return 0;
}

int volume_inspect(const Invocation& invocation) {
  return inspect_documents(invocation, "[OPTIONS] VOLUME [VOLUME...]",
                           "Display detailed information on one or more volumes",
                           [](Engine& engine, const std::string& name) { return engine.inspect_volume(name); });
}

int volume_rm(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] VOLUME [VOLUME...]",
                            "Remove one or more volumes. You cannot remove a volume that is in use by a container.");
  bool force = false;
  app->add_flag("-f,--force", force, "Force the removal of one or more volumes");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, -1);
  Engine engine(invocation.engine);
  return for_each_name(names, true, [&](const std::string& name) { engine.remove_volume(name, force); });
}

int volume_export(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] VOLUME", "Write a volume's content as a tar archive");
  std::string output;
  app->add_option("-o,--output", output, "Write to a file, instead of STDOUT");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, 1);
  refuse_terminal(output);
  Engine(invocation.engine).export_volume(names.front(), output);
  return 0;
}

int volume_import(const Invocation& invocation) {
  const auto app = make_app(invocation, "VOLUME [FILE|-]", "Put a tar archive's content into a volume");
  const std::vector<std::string> words = parse(*app, invocation);
  expect_positionals(*app, words, 1, 2);
  Engine(invocation.engine).import_volume(words.front(), words.size() > 1 ? words[1] : "-");
  return 0;
}

int volume_exists(const Invocation& invocation) {
  const auto app = make_app(invocation, "VOLUME", "Tell by the exit code whether a volume exists");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, 1);
  return Engine(invocation.engine).volume_exists(names.front()) ? 0 : 1;
}

}  // namespace minidock::cmd
