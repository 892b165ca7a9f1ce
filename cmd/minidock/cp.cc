#include <unistd.h>

#include "cmd/minidock/command.h"

namespace minidock::cmd {

int cp(const Invocation& invocation) {
  const auto app = make_app(invocation,
                            "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n        " + invocation.program +
                                " [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
                            "Copy files/folders between a container and the local filesystem");
  CopyOptions options;
  bool quiet = false;
  app->add_flag("-a,--archive", options.archive, "Archive mode (copy all uid/gid information)");
  app->add_flag("-L,--follow-link", options.follow_link, "Always follow symbol link in SRC_PATH");
  app->add_flag("-q,--quiet", quiet, "Suppress progress output during copy");
  app->add_flag("--glob", options.glob, "SRC_PATH in the container is a pattern (*, ?, [...])");
  const std::vector<std::string> paths = parse(*app, invocation);
  expect_positionals(*app, paths, 2, 2);
  options.source = paths[0];
  options.destination = paths[1];
  options.announce = !quiet && ::isatty(STDOUT_FILENO) != 0;
  Engine(invocation.engine).copy(options);
  return 0;
}

}  // namespace minidock::cmd
