// pause and unpause: one container after the other, the name echoed.
#include "cmd/minidock/command.h"

namespace minidock::cmd {

int pause(const Invocation& invocation) {
  const auto app =
      make_app(invocation, "CONTAINER [CONTAINER...]", "Pause all processes within one or more containers");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, -1);
  Engine engine(invocation.engine);
  return for_each_name(names, true, [&](const std::string& name) { engine.pause(name); });
}

int unpause(const Invocation& invocation) {
  const auto app =
      make_app(invocation, "CONTAINER [CONTAINER...]", "Unpause all processes within one or more containers");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, -1);
  Engine engine(invocation.engine);
  return for_each_name(names, true, [&](const std::string& name) { engine.unpause(name); });
}

}  // namespace minidock::cmd
