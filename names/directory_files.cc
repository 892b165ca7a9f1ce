// What the engine writes of the directory.
#include <fmt/format.h>

#include "base/text.h"
#include "names/address_text.h"
#include "names/directory.h"

namespace minidock::names {
namespace {

// A word of a line: something, without blanks and line ends.
bool is_word(const std::string& text) {
  return !text.empty() && std::none_of(text.begin(), text.end(), [](char c) {
    const unsigned char byte = static_cast<unsigned char>(c);
    return byte <= ' ' || byte == 0x7f;
  });
}

std::string address_word(const std::string& text) {
  const Bytes bytes = address_bytes(text);
  return bytes.empty() ? "-" : address_text(bytes);
}

}  // namespace

std::string network_file(const std::vector<NamedEndpoint>& endpoints) {
  std::string text;
  for (const NamedEndpoint& endpoint : endpoints) {
    if (!is_word(endpoint.container_id)) continue;
    std::string line =
        fmt::format("{} {} {}", address_word(endpoint.ipv4), address_word(endpoint.ipv6), endpoint.container_id);
    for (const std::string& name : endpoint.names) {
      if (is_word(name) && line.size() + name.size() + 2 <= kLongestLine) line += " " + lower_case(name);
    }
    text += line + "\n";
  }
  return text;
}

std::string view_file(const View& view) {
  std::string text;
  for (const SeenNetwork& network : view.networks) {
    if (!is_word(network.id) || !is_word(network.name)) continue;
    text += fmt::format("network {} {} {}\n", network.id, network.name, network.internal ? "internal" : "open");
  }
  for (const SeenLink& link : view.links) {
    if (!is_word(link.alias) || !is_word(link.container_id)) continue;
    text += fmt::format("link {} {}\n", lower_case(link.alias), link.container_id);
  }
  for (const Upstream& upstream : view.upstreams) {
    if (!is_word(upstream.address)) continue;
    text += fmt::format("server {} {}\n", upstream.address, upstream.inside ? "inside" : "outside");
  }
  return text;
}

}  // namespace minidock::names
