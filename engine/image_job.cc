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

void ImageJob::add(const std::string& option, const std::string& value) {
  if (!value.empty()) arguments.push_back(option + "=" + value);
}

void ImageJob::add_descriptor(const std::string& option, int fd) {
  owned.push_back(sys::dup_cloexec(fd));
  const int number = kIdFd + static_cast<int>(owned.size());
  fds.emplace_back(owned.back().get(), number);
  add(option, std::to_string(number));
}

std::vector<std::string> run_image_job(const storage::Instance& instance, bool debug,
                                       const std::vector<std::string>& arguments) {
  return run_image_job(instance, debug, ImageJob{arguments, {}, {}});
}

std::vector<std::string> run_image_job(const storage::Instance& instance, bool debug, const ImageJob& job) {
  storage::create_directories(instance);
  Pipe errors = sys::pipe();
  Pipe ids = sys::pipe();
  process::SpawnOptions options;
  options.program = process::find_companion("minidock-image");
  options.arguments = {
      options.program,          "--root",  instance.root,        "--state", instance.state, "--error-fd",
      std::to_string(kErrorFd), "--id-fd", std::to_string(kIdFd)};
  if (debug) options.arguments.emplace_back("--debug");
  options.arguments.insert(options.arguments.end(), job.arguments.begin(), job.arguments.end());
  options.fds = job.fds;
  options.fds.emplace_back(errors.write.get(), kErrorFd);
  options.fds.emplace_back(ids.write.get(), kIdFd);
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
