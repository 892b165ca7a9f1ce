#include <fmt/format.h>

#include <charconv>

#include "cmd/minidock/command.h"
#include "cmd/minidock/resource_options.h"

namespace minidock::cmd {
namespace {

// "no", "always", "unless-stopped", "on-failure[:retries]"
RestartPolicy parse_restart(const std::string& text) {
  const std::size_t colon = text.find(':');
  RestartPolicy policy{text.substr(0, colon), 0};
  if (colon != std::string::npos) {
    const std::string count = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), policy.maximum_retries);
    if (error != std::errc() || end != count.data() + count.size()) {
      throw UsageError("maximum retry count must be an integer");
    }
  }
  const bool is_on_failure = policy.name == "on-failure";
  if (!is_on_failure && policy.name != "no" && policy.name != "always" && policy.name != "unless-stopped") {
    throw Error(ErrorKind::invalid_argument, fmt::format("invalid restart policy '{}'", policy.name));
  }
  if (!is_on_failure && policy.maximum_retries != 0) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("maximum retry count cannot be used with restart policy '{}'", policy.name));
  }
  if (policy.maximum_retries < 0) {
    throw Error(ErrorKind::invalid_argument, "maximum retry count cannot be negative");
  }
  return policy;
}

}  // namespace

int update(const Invocation& invocation) {
  const auto app =
      make_app(invocation, "[OPTIONS] CONTAINER [CONTAINER...]", "Update configuration of one or more containers");
  UpdateOptions options;
  std::string restart;
  add_updatable_resource_options(*app, options.resources);
  app->add_option("--restart", restart, "Restart policy to apply when a container exits");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(invocation, names, 1, -1);
  const bool has_option = std::any_of(invocation.arguments.begin(), invocation.arguments.end(),
                                      [](const std::string& word) { return word.starts_with('-') && word != "--"; });
  if (!has_option)
    throw Error(ErrorKind::invalid_argument, "you must provide one or more flags when using this command");
  if (!restart.empty()) options.restart = parse_restart(restart);
  // docker tells them last, on standard output.
  std::string warnings;
  EngineOptions engine_options = invocation.engine;
  engine_options.on_warning = [&warnings](const std::string& warning) { warnings += warning + "\n"; };
  Engine engine(engine_options);
  const int code = for_each_name(names, true, [&](const std::string& name) { engine.update(name, options); });
  fmt::print("{}", warnings);
  return code;
}

}  // namespace minidock::cmd
