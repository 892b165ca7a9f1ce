#include "engine/network_option.h"

#include <fmt/format.h>

#include <charconv>

#include "base/error.h"
#include "base/text.h"
#include "engine/host_option_parsers.h"
#include "engine/option_words.h"

namespace minidock::options {
namespace {

int parse_priority(const std::string& text) {
  int value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || text.empty()) invalid(fmt::format("invalid gw-priority: {}", text));
  return value;
}

void take_field(NetworkAttachment& attachment, const std::string& key, const std::string& value) {
  if (key == "name") {
    attachment.network = value;
  } else if (key == "alias") {
    attachment.aliases.push_back(lower_case(value));
  } else if (key == "ip") {
    attachment.address = value;
  } else if (key == "ip6") {
    attachment.ipv6_address = value;
  } else if (key == "mac-address") {
    attachment.mac_address = parse_mac_address(value);
  } else if (key == "gw-priority") {
    attachment.gateway_priority = parse_priority(value);
  } else if (key == "link-local-ip" || key == "driver-opt") {
    throw Error(ErrorKind::unsupported, fmt::format("--network: {} is not supported", key));
  } else {
    invalid(fmt::format("invalid field key {}", key));
  }
}

}  // namespace

NetworkAttachment parse_network(const std::string& text) {
  NetworkAttachment attachment;
  // "ns:/proc/…" may have any characters.
  if (text.find('=') == std::string::npos || text.starts_with("ns:")) {
    attachment.network = text;
    return attachment;
  }
  for (const std::string& field : split(text, ',')) {
    const std::size_t equals = field.find('=');
    if (equals == std::string::npos) invalid(fmt::format("invalid field {}", field));
    take_field(attachment, lower_case(field.substr(0, equals)), field.substr(equals + 1));
  }
  if (attachment.network.empty()) invalid("network name/id is not specified");
  return attachment;
}

}  // namespace minidock::options
