#include "cmd/minidock/command.h"
#include "cmd/minidock/resource_options.h"
#include "engine/host_option_parsers.h"

namespace minidock::cmd {
int update(const Invocation& invocation) {
  const auto app =
      make_app(invocation, "[OPTIONS] CONTAINER [CONTAINER...]", "Update configuration of one or more containers");
  UpdateOptions update;
  std::string restart;
  add_updatable_resource_options(*app, update.resources);
  app->add_option("--restart", restart, "Restart policy to apply when a container exits");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, -1);
  const bool has_option = std::any_of(invocation.arguments.begin(), invocation.arguments.end(),
                                      [](const std::string& word) { return word.starts_with('-') && word != "--"; });
  if (!has_option)
    throw Error(ErrorKind::invalid_argument, "you must provide one or more flags when using this command");
  if (!restart.empty()) update.restart = options::parse_restart_policy(restart);
  // docker tells them last, on standard output.
  std::string warnings;
  EngineOptions engine_options = invocation.engine;
  engine_options.on_warning = [&warnings](const std::string& warning) { warnings += warning + "\n"; };
  Engine engine(engine_options);
  const int code = for_each_name(names, true, [&](const std::string& name) { engine.update(name, update); });
  fmt::print("{}", warnings);
  return code;
}

}  // namespace minidock::cmd
