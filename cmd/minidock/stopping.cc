// stop, restart, kill, wait, rm: one container after the other, the name echoed.
#include <fmt/format.h>

#include "cmd/minidock/command.h"

namespace minidock::cmd {
namespace {

struct StopFlags {
  int seconds = 10;
  std::string signal;
  CLI::Option* time = nullptr;

  explicit StopFlags(CLI::App& app) {
    time = app.add_option("-t,--time,--timeout", seconds, "Seconds to wait before killing the container");
    app.add_option("-s,--signal", signal, "Signal to send to the container");
  }
  std::optional<int> timeout() const { return time->count() > 0 ? std::optional<int>(seconds) : std::nullopt; }
};

// docker's words, and podman's for the same.
WaitCondition parse_condition(const std::string& text) {
  const std::pair<const char*, WaitCondition> names[] = {
      {"not-running", WaitCondition::not_running}, {"stopped", WaitCondition::not_running},
      {"exited", WaitCondition::not_running},      {"running", WaitCondition::running},
      {"healthy", WaitCondition::healthy},         {"unhealthy", WaitCondition::unhealthy},
      {"removed", WaitCondition::removed}};
  for (const auto& [name, condition] : names) {
    if (text == name) return condition;
  }
  throw UsageError(fmt::format("invalid condition: \"{}\"", text));
}

}  // namespace

int stop(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] CONTAINER [CONTAINER...]", "Stop one or more running containers");
  const StopFlags flags(*app);
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, -1);
  Engine engine(invocation.engine);
  return for_each_name(names, true, [&](const std::string& name) { engine.stop(name, flags.timeout(), flags.signal); });
}

int restart(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] CONTAINER [CONTAINER...]", "Restart one or more containers");
  const StopFlags flags(*app);
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, -1);
  Engine engine(invocation.engine);
  return for_each_name(names, true,
                       [&](const std::string& name) { engine.restart(name, flags.timeout(), flags.signal); });
}

int kill(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] CONTAINER [CONTAINER...]", "Kill one or more running containers");
  std::string signal;
  bool is_exec = false;
  app->add_option("-s,--signal", signal, "Signal to send to the container");
  app->add_flag("--exec", is_exec, "The names are ids of what `exec` has started (inspect's ExecIDs)");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, -1);
  Engine engine(invocation.engine);
  return for_each_name(names, true, [&](const std::string& name) {
    is_exec ? engine.kill_exec(name, signal) : engine.kill(name, signal);
  });
}

int wait(const Invocation& invocation) {
  const auto app = make_app(invocation, "CONTAINER [CONTAINER...]",
                            "Block until one or more containers stop, then print their exit codes");
  std::string condition = "not-running";
  app->add_option("--condition", condition, "What to wait for: not-running, running, healthy, unhealthy, removed");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, -1);
  const WaitCondition wanted = parse_condition(condition);
  Engine engine(invocation.engine);
  return for_each_name(names, false, [&](const std::string& name) { fmt::print("{}\n", engine.wait(name, wanted)); });
}

int rm(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] CONTAINER [CONTAINER...]", "Remove one or more containers");
  bool force = false;
  bool volumes = false;
  app->add_flag("-f,--force", force, "Force the removal of a running container (uses SIGKILL)");
  app->add_flag("-v,--volumes", volumes, "Remove anonymous volumes associated with the container");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, -1);
  Engine engine(invocation.engine);
  return for_each_name(names, false, [&](const std::string& name) {
    try {
      engine.remove(name, force, volumes);
      fmt::print("{}\n", name);
    } catch (const Error& error) {
      // docker's -f takes it that a container which is not there is gone: a message, but no failure.
      if (!force || error.kind() != ErrorKind::not_found) throw;
      std::fflush(stdout);
      fmt::print(stderr, "Error: {}\n", error.message());
    }
  });
}

}  // namespace minidock::cmd
