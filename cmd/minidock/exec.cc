#include <unistd.h>

#include "cmd/minidock/client_config.h"
#include "cmd/minidock/command.h"
#include "engine/option_parsers.h"

namespace minidock::cmd {

int exec(const Invocation& invocation) {
  const auto app =
      make_app(invocation, "[OPTIONS] CONTAINER COMMAND [ARG...]", "Execute a command in a running container");
  ExecOptions options;
  std::vector<std::string> env;
  std::vector<std::string> env_files;
  app->add_flag("-d,--detach", options.detach, "Detached mode: run command in the background");
  app->add_flag("-i,--interactive", options.interactive, "Keep STDIN open even if not attached");
  app->add_flag("-t,--tty", options.tty, "Allocate a pseudo-TTY");
  app->add_flag("--privileged", options.privileged, "Give extended privileges to the command");
  app->add_option("-u,--user", options.user, "Username or UID (format: <name|uid>[:<group|gid>])");
  app->add_option("-w,--workdir", options.working_dir, "Working directory inside the container");
  app->add_option("--detach-keys", options.detach_keys, "Override the key sequence for detaching a container");
  app->add_flag("--sig-proxy", options.proxy_signals, "Pass signals on to the process (not with -t)");
  app->add_flag(
      "--kill-on-disconnect", options.kill_on_disconnect,
      "Kill the process, and all that it has started, when this command ends in any way (implies --sig-proxy)");
  add_list(*app, "-e,--env", env, "Set environment variables");
  add_list(*app, "--env-file", env_files, "Read in a file of environment variables");
  add_preserve_fds(*app, options.preserved_fds);
  const std::vector<std::string> positionals = parse(*app, invocation, true);
  expect_positionals(*app, positionals, 2, -1);
  check_preserved_descriptors(options.preserved_fds);
  options.container = positionals.front();
  options.command.assign(positionals.begin() + 1, positionals.end());
  options.env = options::environment_of(env_files, env);
  if (options.tty && options.interactive && !options.detach && ::isatty(STDIN_FILENO) == 0) {
    throw Error(ErrorKind::invalid_argument, "the input device is not a TTY");
  }
  if (options.tty && !options.detach) take_configured_detach_keys(options.detach_keys);
  try {
    return exit_code_of_attached(Engine(invocation.engine).exec(options));
  } catch (const Error& error) {
    if (options.detach) throw ClientError(error.message());
    throw;
  }
}

}  // namespace minidock::cmd
