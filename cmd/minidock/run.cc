#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "cmd/minidock/client_config.h"
#include "cmd/minidock/command.h"
#include "cmd/minidock/create_flags.h"
#include "engine/option_parsers.h"

namespace minidock::cmd {

namespace {

void check_detach_keys(const std::string& keys) {
  try {
    options::check_detach_keys(keys);
  } catch (const Error& error) {
    throw ClientError(error.message());
  }
}

// What is wrong with a value is the client's to say, as docker does for all of create's.
CreateOptions understand_as_client(const CreateFlags& flags, const std::vector<std::string>& positionals) {
  try {
    return flags.understand(positionals);
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::unsupported) throw;
    throw UsageError(error.message());
  }
}

}  // namespace

int run(const Invocation& invocation) {
  const auto app =
      make_app(invocation, "[OPTIONS] IMAGE [COMMAND] [ARG...]", "Create and run a new container from an image");
  RunOptions options;
  CreateFlags flags(*app);
  app->add_flag("-d,--detach", options.detach, "Run container in background and print container ID");
  app->add_flag("--sig-proxy,!--no-sig-proxy", options.proxy_signals, "Proxy received signals to the process");
  app->add_option("--detach-keys", options.detach_keys, "Override the key sequence for detaching a container");
  app->add_flag("--explain", options.explain, "Show each step that the kernel is asked for, with its time");
  add_preserve_fds(*app, options.preserved_fds);
  const std::vector<std::string> positionals = parse(*app, invocation, true);
  expect_positionals(*app, positionals, 1, -1);
  check_preserved_descriptors(options.preserved_fds);
  options.create = flags.understand(positionals);
  check_detach_keys(options.detach_keys);
  ContainerConfig& config = options.create.config;
  if (options.preserved_fds > 0 && options.create.host.restart.name != "no") {
    throw UsageError("Conflicting options: --preserve-fds and --restart: a program that is started again gets none");
  }
  if (options.detach) {
    if (flags.attach_given()) throw ClientError("Conflicting options: -a and -d");
    config.attach_stdin = config.attach_stdout = config.attach_stderr = config.stdin_once = false;
  }
  if (config.tty && config.attach_stdin && ::isatty(STDIN_FILENO) == 0) {
    throw ClientError("the input device is not a TTY");
  }
  if (config.tty && !options.detach) take_configured_detach_keys(options.detach_keys);
  Engine engine(invocation.engine);
  const RunResult result = engine.run(options, [](const std::string& id) { fmt::print("{}\n", id); });
  return result.exit_code.value_or(0);
}

int create(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] IMAGE [COMMAND] [ARG...]", "Create a new container");
  CreateFlags flags(*app);
  const std::vector<std::string> positionals = parse(*app, invocation, true);
  expect_positionals(*app, positionals, 1, -1);
  fmt::print("{}\n", Engine(invocation.engine).create(understand_as_client(flags, positionals)));
  return 0;
}

}  // namespace minidock::cmd
