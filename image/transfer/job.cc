#include "image/transfer/job.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>

#include "base/error_report.h"
#include "base/file.h"
#include "base/format.h"
#include "base/json.h"
#include "base/syscall.h"
#include "base/trace.h"
#include "image/transfer/commit.h"
#include "image/transfer/copy.h"
#include "image/transfer/import.h"
#include "image/transfer/load.h"
#include "image/transfer/pull.h"
#include "storage/unpack/log_compression.h"

namespace minidock::image {
namespace {

struct JobOptions {
  std::string root = storage::kDefaultRoot;
  std::string state = storage::kDefaultState;
  int error_fd = -1;
  int id_fd = -1;
  bool debug = false;
  std::string platform;
  std::string progress = "plain";
  std::string input;
  bool quiet = false;
  PullOptions pull;
  ImportOptions import;
  // copy and commit
  storage::PackSource source;
  storage::ExtractTarget target;
  bool root_owned = false;
  std::vector<std::string> excluded;
  std::string announce;
  int config_fd = -1;
  CommitOptions commit;
};

std::optional<Platform> platform_of(const JobOptions& options) {
  if (options.platform.empty()) return std::nullopt;
  return parse_platform(options.platform);
}

void print(const std::string& line) { sys::write_all(STDOUT_FILENO, line + "\n"); }

void tell_id(const JobOptions& options, const std::string& id) {
  if (options.id_fd >= 0) sys::write_all(options.id_fd, id + "\n");
}

// Standard input for "" and "-".
Fd open_input(const std::string& path) {
  return path.empty() || path == "-" ? sys::dup_cloexec(STDIN_FILENO) : sys::open(path, O_RDONLY);
}

void run_pull(const storage::Instance& instance, JobOptions& options) {
  options.pull.platform = platform_of(options);
  options.pull.progress = parse_progress_mode(options.progress);
  const std::string id = pull(instance, options.pull);
  if (options.pull.progress == ProgressMode::quiet) print(id);
  tell_id(options, id);
}

void run_load(const storage::Instance& instance, const JobOptions& options) {
  const Fd input = open_input(options.input);
  LoadOptions load_options;
  load_options.input = input.get();
  load_options.platform = platform_of(options);
  if (options.quiet) {
    load_options.progress = ProgressMode::quiet;
  } else if (isatty(STDOUT_FILENO) == 1) {
    load_options.progress = ProgressMode::tty;
  }
  const LoadedImages loaded = load(instance, load_options);
  for (const std::string& line : loaded.lines) print(line);
  for (const std::string& id : loaded.ids) tell_id(options, id);
}

void run_import(const storage::Instance& instance, JobOptions& options) {
  const Fd input = open_input(options.input);
  options.import.input = input.get();
  options.import.platform = platform_of(options);
  const std::string id = import_image(instance, options.import);
  print(id);
  tell_id(options, id);
}

void run_copy(const storage::Instance& instance, JobOptions& options) {
  CopyOptions copy_options;
  options.source.rules.excluded.insert(options.excluded.begin(), options.excluded.end());
  options.target.keep_owners = !options.root_owned;
  if (options.source.parent >= 0) copy_options.source = options.source;
  if (options.target.root >= 0) copy_options.target = options.target;
  const std::uint64_t size = copy(instance, copy_options);
  if (options.announce.empty()) return;
  fmt::print(stderr, "Successfully copied {} to {}\n", format::human_size(static_cast<double>(size), 3),
             options.announce);
}

void run_commit(const storage::Instance& instance, JobOptions& options) {
  options.commit.excluded.insert(options.excluded.begin(), options.excluded.end());
  options.commit.container_config = file::read(options.config_fd);
  print(commit(instance, options.commit));
}

void add_logs(CLI::App& app, JobOptions& options) {
  CLI::App& compress = *app.add_subcommand("compress-log", "Compress the rotated files of a container's log");
  compress.add_option("file", options.input, "The current file of the log")->required();
  app.add_subcommand("read-log", "Decompress a rotated log from standard input");
}

void add_many(CLI::App& verb, const char* name, std::vector<std::string>& values, const char* description) {
  verb.add_option(name, values, description)
      ->type_size(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_pull(CLI::App& app, JobOptions& options) {
  CLI::App& verb = *app.add_subcommand("pull", "Fetch an image from a registry");
  verb.add_option("--platform", options.platform, "os/architecture[/variant]");
  verb.add_option("--progress", options.progress, "tty, plain or quiet");
  verb.add_option("--progress-fd", options.pull.progress_fd, "Descriptor to write the progress to");
  add_many(verb, "--insecure-registry", options.pull.insecure, "Registry that may speak plain HTTP");
  verb.add_option("reference", options.pull.reference, "What to pull")->required();
}

void add_load(CLI::App& app, JobOptions& options) {
  CLI::App& verb = *app.add_subcommand("load", "Read images from an archive");
  verb.add_option("--input", options.input, "Archive instead of standard input");
  verb.add_option("--platform", options.platform, "os/architecture[/variant]");
  verb.add_flag("--quiet", options.quiet, "No progress display");
}

void add_import(CLI::App& app, JobOptions& options) {
  CLI::App& verb = *app.add_subcommand("import", "Make an image from a tar of a root file system");
  add_many(verb, "--change", options.import.changes, "Dockerfile instruction to apply");
  verb.add_option("--message", options.import.message, "Comment in the image's history");
  verb.add_option("--platform", options.platform, "os/architecture[/variant]");
  verb.add_option("file", options.input, "Tar, or - for standard input")->required();
  verb.add_option("reference", options.import.reference, "Name for the image");
}

void add_copy(CLI::App& app, JobOptions& options) {
  CLI::App& verb = *app.add_subcommand("copy", "Copy files between trees and tar streams");
  verb.add_option("--source-fd", options.source.parent, "Directory to read from");
  verb.add_option("--source-base", options.source.base, "Object in it");
  verb.add_option("--source-name", options.source.name, "Its name in the archive");
  verb.add_option("--target-fd", options.target.root, "Root of the tree to write to");
  verb.add_option("--target-directory", options.target.directory, "Directory in it");
  verb.add_flag("--root-owned", options.root_owned, "Give all files to root");
  verb.add_option("--source-userns-fd", options.source.user_namespace, "User namespace of the source");
  verb.add_option("--target-userns-fd", options.target.user_namespace, "User namespace of the target");
  verb.add_option("--announce", options.announce, "Say what was copied, and where to");
  add_many(verb, "--exclude", options.excluded, "Path to leave out");
}

void add_commit(CLI::App& app, JobOptions& options) {
  CLI::App& verb = *app.add_subcommand("commit", "Make an image of a container's changes");
  CommitOptions& commit = options.commit;
  verb.add_option("--upper-fd", commit.upper, "The container's upper directory")->required();
  verb.add_option("--config-fd", options.config_fd, "File with the container's config")->required();
  verb.add_option("--userns-fd", commit.user_namespace, "The container's user namespace");
  verb.add_option("--image", commit.image_id, "Image of the container")->required();
  verb.add_option("--author", commit.author, "Author of the image");
  verb.add_option("--message", commit.message, "Comment in the image's history");
  verb.add_option("--created-by", commit.created_by, "Command in the image's history");
  verb.add_option("reference", commit.reference, "Name for the image");
  add_many(verb, "--layer", commit.layers, "Layer below, bottom first");
  add_many(verb, "--exclude", options.excluded, "Path to leave out");
  add_many(verb, "--change", commit.changes, "Dockerfile instruction to apply");
}

// Every layer takes a few descriptors.
void raise_descriptor_limit() {
  struct rlimit limit {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int report(const JobOptions& options, const Error& error) {
  if (options.error_fd < 0) {
    fmt::print(stderr, "minidock-image: {}\n", error.message());
    return 1;
  }
  try {
    sys::write_all(options.error_fd, error_report(error));
  } catch (const Error&) {
    fmt::print(stderr, "minidock-image: {}\n", error.message());  // nobody reads the descriptor
  }
  return 1;
}

void run(CLI::App& app, JobOptions& options) {
  if (app.got_subcommand("compress-log")) return storage::compress_predecessors(options.input);
  if (app.got_subcommand("read-log")) return storage::read_compressed_log(STDIN_FILENO, STDOUT_FILENO);
  const storage::Instance instance = storage::make_instance(options.root, options.state);
  storage::create_directories(instance);
  if (app.got_subcommand("pull")) {
    run_pull(instance, options);
  } else if (app.got_subcommand("load")) {
    run_load(instance, options);
  } else if (app.got_subcommand("copy")) {
    run_copy(instance, options);
  } else if (app.got_subcommand("commit")) {
    run_commit(instance, options);
  } else {
    run_import(instance, options);
  }
}

}  // namespace

int run_job(int argc, char** argv) {
  JobOptions options;
  CLI::App app("minidock's helper for images; run by minidock", "minidock-image");
  app.add_option("--root", options.root, "Directory of images and containers");
  app.add_option("--state", options.state, "Directory of run-time state");
  app.add_option("--error-fd", options.error_fd, "Descriptor to write the error to, as JSON");
  app.add_option("--id-fd", options.id_fd, "Descriptor to write the ids of what was stored to, one a line");
  app.add_flag("--debug", options.debug, "Trace system calls and requests to standard error");
  app.require_subcommand(1);
  add_pull(app, options);
  add_load(app, options);
  add_import(app, options);
  add_copy(app, options);
  add_commit(app, options);
  add_logs(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (options.debug) trace::enable(STDERR_FILENO, "image");
  // A reader that goes away (a worker, the user's pager) is an error to report, not a reason to die silently.
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  try {
    run(app, options);
    return 0;
  } catch (const Error& error) {
    return report(options, error);
  } catch (const std::exception& error) {
    return report(options, Error(ErrorKind::internal, error.what()));
  }
}

}  // namespace minidock::image
