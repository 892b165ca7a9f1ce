// system down, system reset.
#include <fmt/format.h>

#include <iostream>

#include "cmd/minidock/command.h"

namespace minidock::cmd {

int system_down(const Invocation& invocation) {
  const auto app = make_app(invocation, "", "Take away the bridge, the firewall table and the cgroup parent");
  expect_positionals(*app, parse(*app, invocation), 0, 0);
  Engine(invocation.engine).system_down();
  return 0;
}

int system_reset(const Invocation& invocation) {
  const auto app =
      make_app(invocation, "[OPTIONS]", "Remove all containers, images and volumes, and what `system down` takes away");
  bool force = false;
  app->add_flag("-f,--force", force, "Do not prompt for confirmation");
  expect_positionals(*app, parse(*app, invocation), 0, 0);
  Engine engine(invocation.engine);
  if (!force) {
    fmt::print("This removes all containers, images and volumes below {}.\nAre you sure you want to continue? [y/N] ",
               engine.instance().root);
    std::fflush(stdout);
    std::string answer;
    std::getline(std::cin, answer);
    if (answer != "y" && answer != "Y") return 0;
  }
  engine.system_reset();
  return 0;
}

}  // namespace minidock::cmd
