#include "base/docker_config.h"

#include <cstdlib>

#include "base/file.h"

namespace minidock {

std::optional<DockerConfig> read_docker_config() {
  const char* directory = std::getenv("DOCKER_CONFIG");
  const char* home = std::getenv("HOME");
  if (directory == nullptr && home == nullptr) return std::nullopt;
  const std::string path =
      directory != nullptr ? std::string(directory) + "/config.json" : std::string(home) + "/.docker/config.json";
  std::optional<std::string> text = file::read_if_exists(path);
  if (!text) return std::nullopt;
  return DockerConfig{path, std::move(*text)};
}

}  // namespace minidock
