#include "engine/secret_options.h"

#include <fmt/format.h>

#include <charconv>

#include "base/path.h"
#include "engine/option_words.h"

namespace minidock::options {
namespace {

std::uint32_t parse_number(const std::string& key, const std::string& value, int base) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number, base);
  if (value.empty() || error != std::errc() || end != value.data() + value.size() || (base == 8 && number > 0777)) {
    invalid(fmt::format("{} {} invalid: error parsing secret", key, value));
  }
  return number;
}

void take(SecretRequest& secret, bool& has_owner, const std::string& field) {
  const std::size_t equals = field.find('=');
  if (equals == std::string::npos)
    invalid(fmt::format("option {} must be in form option=value: error parsing secret", field));
  const std::string key = field.substr(0, equals);
  const std::string value = field.substr(equals + 1);
  if (key == "source") {
    secret.source = value;
  } else if (key == "type") {
    if (value != "mount" && value != "env") invalid(fmt::format("type {} is invalid: error parsing secret", value));
    secret.type = value;
  } else if (key == "target") {
    secret.target = value;
  } else if (key == "uid" || key == "gid") {
    has_owner = true;
    (key == "uid" ? secret.uid : secret.gid) = parse_number(key, value, 10);
  } else if (key == "mode") {
    has_owner = true;
    secret.mode = parse_number(key, value, 8);
  } else {
    invalid(fmt::format("option {} invalid: error parsing secret", field));
  }
}

void set_target(SecretRequest& secret) {
  if (secret.target.empty()) secret.target = secret.source;
  if (secret.type == "env") {
    if (secret.target.find('=') != std::string::npos)
      invalid(fmt::format("invalid environment variable: {}", secret.target));
    return;
  }
  if (secret.target.starts_with('/')) {
    check_destination(secret.target);
    secret.target = path::clean_absolute(secret.target);
    return;
  }
  if (secret.target.find('/') != std::string::npos || secret.target == "." || secret.target == "..") {
    invalid(fmt::format("target {} of a secret has to be a file name or an absolute path", secret.target));
  }
}

}  // namespace

SecretRequest parse_secret(const std::string& text) {
  SecretRequest secret;
  bool has_owner = false;
  bool first = true;
  for (const std::string& field : split(text, ',')) {
    if (first && field.find('=') == std::string::npos) {
      secret.source = field;
    } else {
      take(secret, has_owner, field);
    }
    first = false;
  }
  if (secret.source.empty()) invalid("no source found: error parsing secret");
  if (secret.type == "env" && has_owner)
    invalid("UID, GID, Mode options cannot be set with secret type env: error parsing secret");
  set_target(secret);
  return secret;
}

}  // namespace minidock::options
