#include "engine/image_job.h"

#include <fmt/format.h>

#include <sstream>

#include "base/error_report.h"
#include "base/file.h"
#include "base/process.h"
#include "base/syscall.h"

namespace minidock {
namespace {

constexpr int kErrorFd = 3;
constexpr int kIdFd = 4;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

std::vector<std::string> run_image_job(const storage::Instance& instance, bool debug,
                                       const std::vector<std::string>& arguments) {
  storage::create_directories(instance);
  Pipe errors = sys::pipe();
  Pipe ids = sys::pipe();
  process::SpawnOptions options;
  options.program = process::find_companion("minidock-image");
  options.arguments = {
      options.program,          "--root",  instance.root,        "--state", instance.state, "--error-fd",
      std::to_string(kErrorFd), "--id-fd", std::to_string(kIdFd)};
  if (debug) options.arguments.emplace_back("--debug");
  options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
  options.fds = {{errors.write.get(), kErrorFd}, {ids.write.get(), kIdFd}};
  const pid_t pid = process::spawn(options);
  errors.write.reset();
  ids.write.reset();
  const std::string stored = file::read(ids.read.get());
  const std::string report = file::read(errors.read.get());  // short: it fits into the pipe
  const int code = process::exit_code(sys::waitpid(pid));
  if (code == 0) return lines_of(stored);
  if (report.empty()) {
    throw Error(ErrorKind::internal, fmt::format("minidock-image ended with exit code {} and no message", code));
  }
  throw error_from_report(report, "the report of minidock-image");
}

}  // namespace minidock
