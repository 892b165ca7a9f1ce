// What `docker login` stored: "auths" of ${DOCKER_CONFIG:-~/.docker}/config.json.
#pragma once

#include <optional>
#include <string>

namespace minidock::image {

struct Credentials {
  std::string user;
  std::string password;
};

// Those for a registry ("docker.io", "host:5000"); nothing when there are none.
std::optional<Credentials> stored_credentials(const std::string& registry);

// The same from the text of a config.json.
std::optional<Credentials> credentials_from(const std::string& config, const std::string& registry);

}  // namespace minidock::image
