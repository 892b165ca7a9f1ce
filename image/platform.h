// "linux/arm64/v8": which of an index's images fits (OCI image-index, platform).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace minidock::image {

struct Platform {
  std::string os;
  std::string architecture;
  std::string variant;

  std::string text() const;
  bool operator==(const Platform&) const = default;
};

// "os/arch[/variant]", or one of both alone; names are normalised ("x86_64" → "amd64", "arm64/v8" → "arm64").
// ErrorKind::invalid_argument when malformed.
Platform parse_platform(std::string_view text);

// Normalises what a document says.
Platform normalize(Platform platform);

// linux and this machine's architecture with the newest variant that it can execute.
Platform host_platform();

// How well an image for `offered` runs on `wanted`: nothing when it does not, else the greater the better. An older
// variant of the same architecture fits less well than the wanted one. Both normalised.
std::optional<int> fitness(const Platform& offered, const Platform& wanted);

}  // namespace minidock::image
