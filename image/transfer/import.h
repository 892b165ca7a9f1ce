// docker import: a tar of a root file system becomes an image of one layer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "image/platform.h"
#include "storage/instance.h"

namespace minidock::image {

struct ImportOptions {
  int input = 0;          // borrowed; a tar, plain or compressed with gzip or zstd
  std::string reference;  // as typed, "" for none
  std::string message;
  std::optional<Platform> platform;  // not set: linux and this machine's architecture
  std::vector<std::string> changes;  // Dockerfile instructions
};

// Returns the image's id.
std::string import_image(const storage::Instance& instance, const ImportOptions& options);

}  // namespace minidock::image
