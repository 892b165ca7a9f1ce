// pull, rmi, tag, load, import.
#include <fmt/format.h>
#include <unistd.h>

#include "cmd/minidock/command.h"

namespace minidock::cmd {

int pull(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] NAME[:TAG|@DIGEST]", "Download an image from a registry");
  PullOptions options;
  app->add_flag("-q,--quiet", options.quiet, "Print only the image's id");
  app->add_option("--platform", options.platform, "Platform of the image (os/arch[/variant])");
  const std::vector<std::string> positionals = parse(*app, invocation);
  expect_positionals(*app, positionals, 1, 1);
  options.reference = positionals.front();
  Engine(invocation.engine).pull(options);
  return 0;
}

int rmi(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] IMAGE [IMAGE...]", "Remove one or more images");
  bool force = false;
  app->add_flag("-f,--force", force, "Force removal of the image");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, -1);
  Engine engine(invocation.engine);
  return for_each_name(names, false, [&](const std::string& name) {
    const image::RemovedImage removed = engine.remove_image(name, force);
    for (const std::string& reference : removed.untagged) fmt::print("Untagged: {}\n", reference);
    for (const std::string& id : removed.deleted) fmt::print("Deleted: {}\n", id);
  });
}

int tag(const Invocation& invocation) {
  const auto app = make_app(invocation, "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
                            "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE");
  const std::vector<std::string> positionals = parse(*app, invocation);
  expect_positionals(*app, positionals, 2, 2);
  Engine(invocation.engine).tag(positionals[0], positionals[1]);
  return 0;
}

int load(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS]", "Load images from a tar archive or standard input");
  LoadOptions options;
  app->add_option("-i,--input", options.input, "Read from tar archive file, instead of standard input");
  app->add_flag("-q,--quiet", options.quiet, "Suppress the load output");
  expect_positionals(*app, parse(*app, invocation), 0, 0);
  if (options.input.empty() && ::isatty(STDIN_FILENO) != 0) {
    throw UsageError("requested load from stdin, but stdin is empty");
  }
  Engine(invocation.engine).load(options);
  return 0;
}

int import(const Invocation& invocation) {
  const auto app =
      make_app(invocation, "[OPTIONS] file|- [REPOSITORY[:TAG]]", "Import the contents of a tarball as an image");
  ImportOptions options;
  add_list(*app, "-c,--change", options.changes, "Apply Dockerfile instruction to the created image");
  app->add_option("-m,--message", options.message, "Set commit message for imported image");
  app->add_option("--platform", options.platform, "Platform of the image (os/arch[/variant])");
  const std::vector<std::string> positionals = parse(*app, invocation);
  expect_positionals(*app, positionals, 1, 2);
  options.source = positionals[0];
  if (positionals.size() == 2) options.reference = positionals[1];
  Engine(invocation.engine).import_image(options);
  return 0;
}

}  // namespace minidock::cmd
