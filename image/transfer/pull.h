// docker pull.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "image/platform.h"
#include "image/transfer/progress.h"
#include "storage/instance.h"

namespace minidock::image {

struct PullOptions {
  std::string reference;              // as typed
  std::optional<Platform> platform;   // not set: this machine's
  std::vector<std::string> insecure;  // registries that may speak plain HTTP, "host[:port]"
  ProgressMode progress = ProgressMode::plain;
  int progress_fd = 1;
};

// Fetches what is missing and moves the tag. Returns the image's id.
std::string pull(const storage::Instance& instance, const PullOptions& options);

}  // namespace minidock::image
