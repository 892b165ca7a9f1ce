// diff, export, commit: what a container has made of its image.
#include <fmt/format.h>
#include <unistd.h>

#include "cmd/minidock/command.h"

namespace minidock::cmd {

int diff(const Invocation& invocation) {
  const auto app =
      make_app(invocation, "CONTAINER", "Inspect changes to files or directories on a container's filesystem");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, 1);
  for (const Change& change : Engine(invocation.engine).diff(names.front())) {
    fmt::print("{} {}\n", static_cast<char>(change.kind), change.path);
  }
  return 0;
}

int export_container(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] CONTAINER", "Export a container's filesystem as a tar archive");
  std::string output;
  app->add_option("-o,--output", output, "Write to a file, instead of STDOUT");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, 1);
  refuse_terminal(output);
  Engine(invocation.engine).export_container(names.front(), output);
  return 0;
}

int commit(const Invocation& typed) {
  // The one-letter flag takes a value with "=", as docker's do.
  Invocation invocation = typed;
  for (std::string& word : invocation.arguments) {
    if (word.starts_with("-p=")) word = "--pause=" + word.substr(3);
  }
  const auto app =
      make_app(invocation, "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]", "Create a new image from a container's changes");
  CommitOptions options;
  app->add_option("-a,--author", options.author, "Author (e.g., \"John Hannibal Smith <hannibal@a-team.com>\")");
  add_list(*app, "-c,--change", options.changes, "Apply Dockerfile instruction to the created image");
  app->add_option("-m,--message", options.message, "Commit message");
  app->add_flag("-p,--pause,!--no-pause", options.pause, "Pause container during commit (default true)");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, 2);
  options.container = names[0];
  if (names.size() == 2) options.reference = names[1];
  Engine(invocation.engine).commit(options);
  return 0;
}

}  // namespace minidock::cmd
