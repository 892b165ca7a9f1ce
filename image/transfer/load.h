// docker load: images from an archive that `docker save` or an OCI tool wrote.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "image/platform.h"
#include "image/transfer/progress.h"
#include "storage/instance.h"

namespace minidock::image {

struct LoadOptions {
  int input = 0;  // borrowed; read as a stream
  std::optional<Platform> platform;
  ProgressMode progress = ProgressMode::plain;
  int progress_fd = 1;
};

struct LoadedImages {
  std::vector<std::string> lines;  // what docker prints: "Loaded image: busybox:latest"
  std::vector<std::string> ids;
};
LoadedImages load(const storage::Instance& instance, const LoadOptions& options);

}  // namespace minidock::image
