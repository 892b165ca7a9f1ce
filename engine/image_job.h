#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "storage/instance.h"

namespace minidock {

// The command line of a job, and the descriptors that it gets.
struct ImageJob {
  std::vector<std::string> arguments;
  std::vector<std::pair<int, int>> fds;  // as in process::SpawnOptions
  std::vector<Fd> owned;

  void add_flag(std::string flag) { arguments.push_back(std::move(flag)); }
  // Nothing for an empty value. In one word, so that a value may begin with a dash.
  void add(const std::string& option, const std::string& value);
  // Hands over a copy of `fd` (borrowed); the option tells its number.
  void add_descriptor(const std::string& option, int fd);
};

// Runs minidock-image (which links the big libraries and handles foreign bytes) with the job's arguments behind the
// instance's options, on this process's standard streams, and waits. Its error is thrown here. The result is the ids of
// the images that it has stored.
std::vector<std::string> run_image_job(const storage::Instance& instance, bool debug, const ImageJob& job);
std::vector<std::string> run_image_job(const storage::Instance& instance, bool debug,
                                       const std::vector<std::string>& arguments);

}  // namespace minidock
