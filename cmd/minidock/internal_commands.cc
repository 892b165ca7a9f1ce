// What minidock's own processes call: the shim, and `system boot` and `system shutdown` for each container.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>
#include <vector>

#include "base/command_descriptors.h"
#include "base/error_report.h"
#include "base/syscall.h"
#include "cmd/minidock/command.h"

namespace minidock::cmd {
namespace {

using Words = std::vector<std::string>;

// What goes wrong is reported on kCommandErrorFd. `usage`: one word for each argument.
int for_caller(const Invocation& invocation, const std::string& usage, int arguments, const std::string& summary,
               const std::function<void(Engine& engine, const Words& words)>& action) {
  try {
    const auto app = make_app(invocation, usage, summary);
    expect_positionals(*app, invocation.arguments, arguments, arguments);
    Engine engine(invocation.engine);
    action(engine, invocation.arguments);
    return 0;
  } catch (const Error& error) {
    sys::write_all(kCommandErrorFd, error_report(error));
    return 1;
  }
}

}  // namespace

int internal_clean_up(const Invocation& invocation) {
  const auto app = make_app(invocation, "CONTAINER", "Tidies up after a container");
  expect_positionals(*app, invocation.arguments, 1, 1);
  Engine(invocation.engine).clean_up(invocation.arguments.front());
  return 0;
}

// The end of kCommandErrorFd says that the scope is there. Then it waits for a byte, or for the end of its input.
int internal_hold_scope(const Invocation& invocation) {
  const int code = for_caller(invocation, "CONTAINER", 1, "Has systemd make a container's cgroup",
                              [](Engine& engine, const Words& words) { engine.make_scope(words[0]); });
  if (code != 0) return code;
  ::close(kCommandErrorFd);
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) < 0 && errno == EINTR) {
  }
  return 0;
}

int internal_restore_firewall(const Invocation& invocation) {
  if (::fcntl(kFirewallLockFd, F_GETFD) < 0) {
    throw Error(ErrorKind::invalid_argument, "this is the shim's command: call `minidock network reload` instead");
  }
  Fd lock(kFirewallLockFd);
  const auto app = make_app(invocation, "", "Restores the firewall");
  expect_positionals(*app, invocation.arguments, 0, 0);
  Engine(invocation.engine).restore_firewall(std::move(lock));
  return 0;
}

int internal_attach_network(const Invocation& invocation) {
  return for_caller(invocation, "CONTAINER", 1, "Attaches a restarted container to its network",
                    [](Engine& engine, const Words& words) { engine.attach_network(words[0], kCommandNetnsFd); });
}

int internal_start(const Invocation& invocation) {
  return for_caller(invocation, "CONTAINER", 1, "One container's part of system boot",
                    [](Engine& engine, const Words& words) { engine.start(words[0], {}); });
}

int internal_shut_down(const Invocation& invocation) {
  return for_caller(invocation, "CONTAINER", 1, "One container's part of system shutdown",
                    [](Engine& engine, const Words& words) { engine.shut_down_container(words[0]); });
}

}  // namespace minidock::cmd
