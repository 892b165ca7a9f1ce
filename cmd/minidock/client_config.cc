#include "cmd/minidock/client_config.h"

#include <fmt/format.h>

#include "base/docker_config.h"
#include "base/error.h"
#include "base/json.h"
#include "engine/option_parsers.h"

namespace minidock::cmd {
namespace {

// Empty when it is not set. As docker, a file that cannot be understood is told and left alone.
std::string setting(const char* key) {
  try {
    const std::optional<DockerConfig> config = read_docker_config();
    return config ? json::get_string(json::parse(config->text, config->path), key) : "";
  } catch (const Error& error) {
    fmt::print(stderr, "WARNING: Error loading config file: {}\n", error.message());
    return "";
  }
}

}  // namespace

void take_configured_format(std::string& format, const char* key, bool quiet) {
  if (format.empty() && !quiet) format = setting(key);
}

void take_configured_detach_keys(std::string& keys) {
  if (!keys.empty()) return;
  keys = setting("detachKeys");
  options::check_detach_keys(keys);
}

}  // namespace minidock::cmd
