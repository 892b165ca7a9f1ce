// Where docker's client keeps its configuration: config.json in $DOCKER_CONFIG, else in ~/.docker.
#pragma once

#include <optional>
#include <string>

namespace minidock {

struct DockerConfig {
  std::string path;
  std::string text;
};

// Nothing when there is none, or no home to look in.
std::optional<DockerConfig> read_docker_config();

}  // namespace minidock
