#include "image/transfer/job.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>

#include "base/error_report.h"
#include "base/json.h"
#include "base/syscall.h"
#include "base/trace.h"
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
  bool debug = false;
  std::string platform;
  std::string progress = "plain";
  std::string input;
  bool quiet = false;
  PullOptions pull;
  ImportOptions import;
};

std::optional<Platform> platform_of(const JobOptions& options) {
  if (options.platform.empty()) return std::nullopt;
  return parse_platform(options.platform);
}

void print(const std::string& line) { sys::write_all(STDOUT_FILENO, line + "\n"); }

// Standard input for "" and "-".
Fd open_input(const std::string& path) {
  return path.empty() || path == "-" ? sys::dup_cloexec(STDIN_FILENO) : sys::open(path, O_RDONLY);
}

void run_pull(const storage::Instance& instance, JobOptions& options) {
  options.pull.platform = platform_of(options);
  options.pull.progress = parse_progress_mode(options.progress);
  const std::string id = pull(instance, options.pull);
  if (options.pull.progress == ProgressMode::quiet) print(id);
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
  for (const std::string& line : load(instance, load_options)) print(line);
}

void run_import(const storage::Instance& instance, JobOptions& options) {
  const Fd input = open_input(options.input);
  options.import.input = input.get();
  options.import.platform = platform_of(options);
  print(import_image(instance, options.import));
}

void add_logs(CLI::App& app, JobOptions& options) {
  CLI::App& compress = *app.add_subcommand("compress-log", "Compress the rotated files of a container's log");
  compress.add_option("file", options.input, "The current file of the log")->required();
  app.add_subcommand("read-log", "Decompress a rotated log from standard input");
}

void add_pull(CLI::App& app, JobOptions& options) {
  CLI::App& verb = *app.add_subcommand("pull", "Fetch an image from a registry");
  verb.add_option("--platform", options.platform, "os/architecture[/variant]");
  verb.add_option("--progress", options.progress, "tty, plain or quiet");
  verb.add_option("--progress-fd", options.pull.progress_fd, "Descriptor to write the progress to");
  verb.add_option("--insecure-registry", options.pull.insecure, "Registry that may speak plain HTTP")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
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
  verb.add_option("--change", options.import.changes, "Dockerfile instruction to apply")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb.add_option("--message", options.import.message, "Comment in the image's history");
  verb.add_option("--platform", options.platform, "os/architecture[/variant]");
  verb.add_option("file", options.input, "Tar, or - for standard input")->required();
  verb.add_option("reference", options.import.reference, "Name for the image");
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
  app.add_flag("--debug", options.debug, "Trace system calls and requests to standard error");
  app.require_subcommand(1);
  add_pull(app, options);
  add_load(app, options);
  add_import(app, options);
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
