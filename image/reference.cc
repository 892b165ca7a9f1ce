#include "image/reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace minidock::image {
namespace {

constexpr std::string_view kDefaultRegistry = "docker.io";
constexpr std::string_view kLegacyRegistry = "index.docker.io";
constexpr std::string_view kOfficialPrefix = "library/";
constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxTag = 128;
constexpr std::size_t kHexDigits = 64;
constexpr std::string_view kDigestPrefix = "sha256:";

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_lower(c) || is_upper(c) || is_digit(c); }
bool is_lower_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
bool is_hex(char c) { return is_lower_hex(c) || (c >= 'A' && c <= 'F'); }

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::invalid_argument, why); }

[[noreturn]] void refuse_format() { refuse("invalid reference format"); }

// [a-z0-9]+ joined by one ".", one or two "_", or any number of "-".
bool is_path_component(std::string_view text) {
  const auto word = [](char c) { return is_lower(c) || is_digit(c); };
  if (text.empty() || !word(text.front()) || !word(text.back())) return false;
  for (std::size_t at = 0; at < text.size();) {
    if (word(text[at])) {
      ++at;
      continue;
    }
    const char separator = text[at];
    const std::size_t end = std::min(text.find_first_not_of(separator, at), text.size());
    const std::size_t length = end - at;
    const bool fine = separator == '-' || (separator == '.' && length == 1) || (separator == '_' && length <= 2);
    if (!fine || !word(text[end])) return false;
    at = end;
  }
  return true;
}

bool is_repository(std::string_view text) {
  for (;;) {
    const std::size_t slash = text.find('/');
    if (!is_path_component(text.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

bool is_host_label(std::string_view text) {
  return !text.empty() && is_alnum(text.front()) && is_alnum(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_alnum(c) || c == '-'; });
}

bool is_port(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

// "host", "host.name:5000", "[::1]:5000".
bool is_registry(std::string_view text) {
  if (!text.empty() && text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || close == 1) return false;
    const std::string_view address = text.substr(1, close - 1);
    const std::string_view rest = text.substr(close + 1);
    return std::all_of(address.begin(), address.end(), [](char c) { return is_hex(c) || c == ':'; }) &&
           (rest.empty() || (rest.front() == ':' && is_port(rest.substr(1))));
  }
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && !is_port(text.substr(colon + 1))) return false;
  std::string_view host = text.substr(0, colon);
  for (;;) {
    const std::size_t dot = host.find('.');
    if (!is_host_label(host.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    host.remove_prefix(dot + 1);
  }
}

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= kMaxTag && (is_alnum(text.front()) || text.front() == '_') &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; });
}

// What stands before the first slash is a registry only when it cannot be a path component of a user: it has a dot or
// a port, is "localhost", or has upper-case letters. Returns {registry, rest}.
std::pair<std::string_view, std::string_view> split_registry(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {kDefaultRegistry, text};
  const std::string_view first = text.substr(0, slash);
  const bool registry = first.find_first_of(".:") != std::string_view::npos || first == "localhost" ||
                        std::any_of(first.begin(), first.end(), is_upper);
  if (!registry) return {kDefaultRegistry, text};
  return {first == kLegacyRegistry ? kDefaultRegistry : first, text.substr(slash + 1)};
}

}  // namespace

bool is_digest(std::string_view text) {
  return text.size() == kDigestPrefix.size() + kHexDigits && text.substr(0, kDigestPrefix.size()) == kDigestPrefix &&
         std::all_of(text.begin() + kDigestPrefix.size(), text.end(), is_lower_hex);
}

Reference parse_reference(std::string_view text) {
  if (text.size() == kHexDigits && std::all_of(text.begin(), text.end(), is_lower_hex)) {
    refuse(fmt::format("invalid repository name ({}), cannot specify 64-byte hexadecimal strings", text));
  }
  Reference result;
  auto [registry, rest] = split_registry(text);
  const std::size_t at = rest.find('@');
  if (at != std::string_view::npos) {
    result.digest = rest.substr(at + 1);
    rest = rest.substr(0, at);
    if (!is_digest(result.digest)) refuse_format();
  }
  const std::size_t colon = rest.find(':');
  if (colon != std::string_view::npos) {
    result.tag = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (!is_tag(result.tag)) refuse_format();
  } else if (result.digest.empty()) {
    result.tag = "latest";
  }
  if (std::any_of(rest.begin(), rest.end(), is_upper)) {
    refuse(fmt::format("invalid reference format: repository name ({}) must be lowercase", rest));
  }
  result.registry = registry;
  if (registry == kDefaultRegistry && rest.find('/') == std::string_view::npos) result.repository = kOfficialPrefix;
  result.repository += rest;
  if (!is_registry(result.registry) || !is_repository(result.repository)) refuse_format();
  if (result.registry.size() + 1 + result.repository.size() > kMaxName) {
    refuse(fmt::format("repository name must not be more than {} characters", kMaxName));
  }
  return result;
}

namespace {

std::string with_tag_and_digest(std::string name, const Reference& reference) {
  if (!reference.tag.empty()) name += ":" + reference.tag;
  if (!reference.digest.empty()) name += "@" + reference.digest;
  return name;
}

}  // namespace

std::string Reference::canonical() const { return with_tag_and_digest(registry + "/" + repository, *this); }

std::string Reference::familiar_name() const {
  const std::string full = registry + "/" + repository;
  if (registry != kDefaultRegistry) return full;
  const bool official =
      repository.rfind(kOfficialPrefix, 0) == 0 && repository.find('/', kOfficialPrefix.size()) == std::string::npos;
  if (official) return repository.substr(kOfficialPrefix.size());
  // The short form of docker.io/host.name/app would name another registry's image.
  return split_registry(repository).second == repository ? repository : full;
}

std::string Reference::familiar() const { return with_tag_and_digest(familiar_name(), *this); }

}  // namespace minidock::image
