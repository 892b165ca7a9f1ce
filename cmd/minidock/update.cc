#include <fmt/format.h>

#include <algorithm>

#include "cmd/minidock/command.h"
#include "cmd/minidock/resource_options.h"
#include "engine/host_option_parsers.h"
#include "engine/port_options.h"

namespace minidock::cmd {
int update(const Invocation& invocation) {
  const auto app =
      make_app(invocation, "[OPTIONS] CONTAINER [CONTAINER...]", "Update configuration of one or more containers");
  UpdateOptions update;
  std::string restart;
  std::vector<std::string> published;
  std::vector<std::string> unpublished;
  add_updatable_resource_options(*app, update.resources);
  app->add_option("--restart", restart, "Restart policy to apply when a container exits");
  add_list(*app, "--publish-add", published, "Publish a container's port(s) to the host, as -p of run");
  add_list(*app, "--publish-rm", unpublished, "Publish a port no more: HOST_PORT[:CONTAINER_PORT][/PROTO]");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, -1);
  const bool has_option = std::any_of(invocation.arguments.begin(), invocation.arguments.end(),
                                      [](const std::string& word) { return word.starts_with('-') && word != "--"; });
  if (!has_option)
    throw Error(ErrorKind::invalid_argument, "you must provide one or more flags when using this command");
  if (!restart.empty()) update.restart = options::parse_restart_policy(restart);
  for (const std::string& text : published) {
    for (const network::PublishedPort& port : options::parse_publish(text)) update.ports.add.push_back(port);
  }
  for (const std::string& text : unpublished) {
    for (const PortSelector& port : options::parse_unpublish(text)) update.ports.remove.push_back(port);
  }
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
