// start, attach, rename, port: containers that exist.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "cmd/minidock/client_config.h"
#include "cmd/minidock/command.h"

namespace minidock::cmd {
namespace {

void add_attach_flags(CLI::App& app, AttachOptions& options) {
  app.add_flag("--sig-proxy,!--no-sig-proxy", options.proxy_signals, "Proxy all received signals to the process");
  app.add_option("--detach-keys", options.detach_keys, "Override the key sequence for detaching a container");
}

void prepare_terminal(const Container& container, AttachOptions& options) {
  const ContainerConfig& config = container.definition.config;
  if (config.tty) take_configured_detach_keys(options.detach_keys);
  if (options.interactive && config.tty && config.open_stdin && ::isatty(STDIN_FILENO) == 0) {
    throw Error(ErrorKind::invalid_argument, "the input device is not a TTY");
  }
}

}  // namespace

int start(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] CONTAINER [CONTAINER...]", "Start one or more stopped containers");
  AttachOptions options;
  app->add_flag("-a,--attach", options.attach, "Attach STDOUT/STDERR and forward signals");
  app->add_flag("-i,--interactive", options.interactive, "Attach container's STDIN");
  add_attach_flags(*app, options);
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, -1);
  Engine engine(invocation.engine);
  if (options.attach || options.interactive) {
    if (names.size() > 1)
      throw Error(ErrorKind::invalid_argument, "you cannot start and attach multiple containers at once");
    options.attach = true;
    prepare_terminal(engine.container(names.front()), options);
    return engine.start(names.front(), options).value_or(0);
  }
  std::vector<std::string> failed;
  for (const std::string& name : names) {
    if (for_each_name({name}, true, [&](const std::string&) { engine.start(name, options); }) != 0)
      failed.push_back(name);
  }
  if (!failed.empty()) {
    throw Error(ErrorKind::unavailable, fmt::format("failed to start containers: {}", fmt::join(failed, ", ")));
  }
  return 0;
}

int attach(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] CONTAINER",
                            "Attach local standard input, output, and error streams to a running container");
  AttachOptions options;
  bool no_input = false;
  app->add_flag("--no-stdin", no_input, "Do not attach STDIN");
  add_attach_flags(*app, options);
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, 1);
  options.attach = true;
  options.interactive = !no_input;
  Engine engine(invocation.engine);
  prepare_terminal(engine.container(names.front()), options);
  return exit_code_of_attached(engine.attach(names.front(), options));
}

int rename(const Invocation& invocation) {
  const auto app = make_app(invocation, "CONTAINER NEW_NAME", "Rename a container");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 2, 2);
  if (names[0].empty() || names[1].empty()) throw ClientError("Neither old nor new names may be empty");
  const int code = for_each_name({names[0]}, false,
                                 [&](const std::string& name) { Engine(invocation.engine).rename(name, names[1]); });
  // docker: a second line.
  if (code != 0) throw Error(ErrorKind::conflict, fmt::format("failed to rename container named {}", names[0]));
  return 0;
}

int port(const Invocation& invocation) {
  const auto app = make_app(invocation, "CONTAINER [PRIVATE_PORT[/PROTO]]",
                            "List port mappings or a specific mapping for the container");
  const std::vector<std::string> words = parse(*app, invocation);
  expect_positionals(*app, words, 1, 2);
  const Container container = Engine(invocation.engine).container(words.front());
  std::string wanted = words.size() > 1 ? words[1] : "";
  if (!wanted.empty() && wanted.find('/') == std::string::npos) wanted += "/tcp";
  bool found = false;
  for (const network::PublishedPort& port : container.state.ports) {
    const std::string inner = fmt::format("{}/{}", port.container_port, port.protocol);
    if (!wanted.empty() && wanted != inner) continue;
    found = true;
    const std::string outer = fmt::format("{}:{}", port.host_ip, port.host_port);
    wanted.empty() ? fmt::print("{} -> {}\n", inner, outer) : fmt::print("{}\n", outer);
  }
  if (!wanted.empty() && !found) {
    throw Error(ErrorKind::not_found, fmt::format("No public port '{}' published for {}", wanted, words.front()));
  }
  return 0;
}

}  // namespace minidock::cmd
