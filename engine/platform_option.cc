#include "engine/platform_option.h"

#include "image/platform.h"

namespace minidock {

MachinePlatform machine_platform() {
  const image::Platform platform = image::host_platform();
  return {platform.os, platform.architecture};
}

void check_platform(const std::string& text) { image::parse_platform(text); }

}  // namespace minidock
