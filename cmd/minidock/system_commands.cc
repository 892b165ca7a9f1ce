// system down, system reset, and what the shim asks for.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>

#include "base/error_report.h"
#include "base/syscall.h"
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

int internal_clean_up(const Invocation& invocation) {
  const auto app = make_app(invocation, "CONTAINER", "Tidies up after a container");
  expect_positionals(*app, invocation.arguments, 1, 1);
  Engine(invocation.engine).clean_up(invocation.arguments.front());
  return 0;
}

// ID; what goes wrong is reported on descriptor 3, whose end says that the scope is there. Then it waits for a byte, or
// for the end of its input.
int internal_hold_scope(const Invocation& invocation) {
  constexpr int kErrorFd = 3;
  try {
    const auto app = make_app(invocation, "CONTAINER", "Has systemd make a container's cgroup");
    expect_positionals(*app, invocation.arguments, 1, 1);
    Engine(invocation.engine).make_scope(invocation.arguments.front());
  } catch (const Error& error) {
    sys::write_all(kErrorFd, error_report(error));
    return 1;
  }
  ::close(kErrorFd);
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) < 0 && errno == EINTR) {
  }
  return 0;
}

// ID and PID; what goes wrong is reported on descriptor 3.
int internal_attach_network(const Invocation& invocation) {
  constexpr int kErrorFd = 3;
  try {
    const auto app = make_app(invocation, "CONTAINER PID", "Attaches a restarted container to its network");
    expect_positionals(*app, invocation.arguments, 2, 2);
    Engine(invocation.engine).attach_network(invocation.arguments[0], std::stoi(invocation.arguments[1]));
    return 0;
  } catch (const Error& error) {
    sys::write_all(kErrorFd, error_report(error));
    return 1;
  }
}

}  // namespace minidock::cmd
