// The image config document: foreign bytes that become the arguments of a container (rule R9).
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/path.h"
#include "base/port_range.h"
#include "image/image_store.h"

namespace minidock::image {
namespace {

constexpr std::size_t kMaxConfig = 4 * 1024 * 1024;
constexpr std::size_t kMaxLayers = 1024;

[[noreturn]] void corrupt(const std::string& why) { throw Error(ErrorKind::corrupt_data, "image config: " + why); }

// A NUL would cut the string where it reaches the kernel, so that what was checked is not what runs.
const std::string& without_nul(const std::string& text, const char* what) {
  if (text.find('\0') != std::string::npos) corrupt(fmt::format("{} contains a NUL character", what));
  return text;
}

std::string text_of(const Json& object, const char* key) { return without_nul(json::get_string(object, key), key); }

// docker writes a list of strings; a bare string is the list of that one (docker's own reader takes both).
std::vector<std::string> list_of(const Json& object, const char* key) {
  std::vector<std::string> result;
  const auto it = object.find(key);
  if (it != object.end() && it->is_string()) {
    result.push_back(it->get<std::string>());
  } else {
    result = json::get_strings(object, key);
  }
  for (const std::string& item : result) without_nul(item, key);
  return result;
}

std::vector<std::string> keys_of(const Json& object, const char* key) {
  std::vector<std::string> result;
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) return result;
  if (!it->is_object()) corrupt(fmt::format("\"{}\" is not an object", key));
  for (const auto& [name, ignored] : it->items()) result.push_back(without_nul(name, key));
  return result;
}

// "80" and "80/TCP" as "80/tcp"; a range ("8000-8010/udp") stays one entry.
std::string normal_port(const std::string& text) {
  try {
    const PortRange range = parse_port_range(text);
    check_port_protocol(range.protocol);
    return fmt::format("{}/{}", text.substr(0, text.find('/')), range.protocol);
  } catch (const Error&) {
    corrupt(fmt::format("invalid exposed port \"{}\"", text));
  }
}

void read_container_part(const Json& part, ImageConfig& result) {
  if (!part.is_object()) corrupt("\"config\" is not an object");
  result.user = text_of(part, "User");
  result.env = list_of(part, "Env");
  result.entrypoint = list_of(part, "Entrypoint");
  result.cmd = list_of(part, "Cmd");
  result.working_dir = text_of(part, "WorkingDir");
  result.stop_signal = text_of(part, "StopSignal");
  for (const std::string& port : keys_of(part, "ExposedPorts")) result.exposed_ports.push_back(normal_port(port));
  for (const std::string& volume : keys_of(part, "Volumes")) {
    result.volumes.push_back(path::clean_absolute(volume));
  }
  for (const std::string& label : keys_of(part, "Labels")) {
    result.labels.emplace_back(label, text_of(part["Labels"], label.c_str()));
  }
  result.shell = json::get_strings(part, "Shell");
  const auto healthcheck = part.find("Healthcheck");
  if (healthcheck != part.end()) result.healthcheck = *healthcheck;
}

void read_rootfs(const Json& document, ImageConfig& result) {
  const auto rootfs = document.find("rootfs");
  if (rootfs == document.end() || !rootfs->is_object()) corrupt("\"rootfs\" is missing");
  result.diff_ids = json::get_strings(*rootfs, "diff_ids");
  if (result.diff_ids.size() > kMaxLayers) {
    corrupt(fmt::format("{} layers; at most {} are allowed", result.diff_ids.size(), kMaxLayers));
  }
  for (const std::string& diff_id : result.diff_ids) {
    if (!is_digest(diff_id)) corrupt(fmt::format("invalid diff ID \"{}\"", diff_id));
  }
}

}  // namespace

ImageConfig parse_image_config(const std::string& text) {
  if (text.size() > kMaxConfig) corrupt(fmt::format("larger than {} bytes", kMaxConfig));
  const Json document = json::parse(text, "image config");
  if (!document.is_object()) corrupt("not an object");
  ImageConfig result;
  try {
    result.architecture = text_of(document, "architecture");
    result.os = text_of(document, "os");
    result.variant = text_of(document, "variant");
    result.created = text_of(document, "created");
    result.author = text_of(document, "author");
    const auto part = document.find("config");
    if (part != document.end() && !part->is_null()) read_container_part(*part, result);
    read_rootfs(document, result);
  } catch (const Error& error) {
    if (error.message().rfind("image config", 0) == 0) throw;
    throw error.with_context("image config");
  }
  return result;
}

}  // namespace minidock::image
