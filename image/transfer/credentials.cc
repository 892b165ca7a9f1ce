#include "image/transfer/credentials.h"

#include <openssl/evp.h>

#include <algorithm>

#include "base/docker_config.h"
#include "base/error.h"
#include "base/json.h"

namespace minidock::image {
namespace {

constexpr std::string_view kHubKey = "index.docker.io";

// "https://host:5000/v1/" → "host:5000".
std::string host_of(std::string key) {
  const std::size_t scheme = key.find("://");
  if (scheme != std::string::npos) key.erase(0, scheme + 3);
  return key.substr(0, key.find('/'));
}

std::string decode_base64(const std::string& text) {
  std::string raw(text.size() / 4 * 3 + 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(raw.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) throw Error(ErrorKind::corrupt_data, "\"auth\" is not base64");
  raw.resize(static_cast<std::size_t>(size));
  // OpenSSL counts the padding's zero bytes in.
  const auto padding = static_cast<std::size_t>(std::count(text.begin(), text.end(), '='));
  raw.resize(raw.size() - std::min(padding, raw.size()));
  return raw;
}

std::optional<Credentials> read_entry(const Json& entry) {
  Credentials result{json::get_string(entry, "username"), json::get_string(entry, "password")};
  const std::string encoded = json::get_string(entry, "auth");
  if (!encoded.empty()) {
    const std::string plain = decode_base64(encoded);
    const std::size_t colon = plain.find(':');
    if (colon == std::string::npos) throw Error(ErrorKind::corrupt_data, "\"auth\" is not user:password");
    result = {plain.substr(0, colon), plain.substr(colon + 1)};
  }
  if (result.user.empty()) return std::nullopt;
  return result;
}

}  // namespace

std::optional<Credentials> credentials_from(const std::string& config, const std::string& registry) {
  const Json document = json::parse(config, "docker's config.json");
  const auto auths = document.find("auths");
  if (!document.is_object() || auths == document.end() || !auths->is_object()) return std::nullopt;
  const std::string wanted = registry == "docker.io" ? std::string(kHubKey) : registry;
  for (const auto& [key, entry] : auths->items()) {
    if (host_of(key) == wanted) return read_entry(entry);
  }
  return std::nullopt;
}

std::optional<Credentials> stored_credentials(const std::string& registry) {
  const std::optional<DockerConfig> config = read_docker_config();
  if (!config) return std::nullopt;
  try {
    return credentials_from(config->text, registry);
  } catch (const Error& error) {
    throw error.with_context(config->path);
  }
}

}  // namespace minidock::image
