#include "engine/port_selector.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/port_range.h"
#include "engine/option_words.h"
#include "engine/port_options.h"
#include "network/ip_prefix.h"

namespace minidock {

bool PortSelector::agrees_on_the_rest(const network::PublishedPort& port) const {
  const bool is_every = port.host_ip.empty() && network::is_every_address(host_ip);
  return port.protocol == protocol && (host_ip.empty() || host_ip == port.host_ip || is_every) &&
         (container_port == 0 || container_port == port.container_port);
}

bool PortSelector::selects_published(const network::PublishedPort& port) const {
  const std::uint16_t last = host_port_last == 0 ? host_port : host_port_last;
  return agrees_on_the_rest(port) && (host_port == 0 || (host_port <= port.host_port && port.host_port <= last));
}

bool PortSelector::selects_requested(const network::PublishedPort& request) const {
  return agrees_on_the_rest(request) &&
         (host_port == 0 || (host_port == request.host_port && host_port_last == request.host_port_last));
}

std::string PortSelector::text() const {
  if (host_port == 0) return fmt::format("{}/{}", container_port, protocol);
  return host_port_last == 0 ? fmt::format("{}/{}", host_port, protocol)
                             : fmt::format("{}-{}/{}", host_port, host_port_last, protocol);
}

namespace options {
namespace {

PortRange parse_part(const std::string& text, const char* what) {
  const PortRange range = parse_port_part(text, what);
  if (range.first == 0) invalid(fmt::format("Invalid {}: {}", what, text));
  return range;
}

struct Parts {
  std::string host_ip;
  std::string host;
  std::string container;
};

// The address may be an IPv6 one, in brackets.
Parts parts_of(const std::string& text, const std::string& whole) {
  Parts parts;
  std::string rest = text;
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find("]:");
    if (end == std::string::npos) invalid(fmt::format("Invalid ip address: {}", whole));
    parts.host_ip = rest.substr(1, end - 1);
    rest = rest.substr(end + 2);
  }
  std::vector<std::string> words = split(rest, ':');
  const bool has_ipv4 = words.size() == 3 || (words.size() == 2 && words[0].find('.') != std::string::npos);
  if (has_ipv4 && parts.host_ip.empty()) {
    parts.host_ip = words[0];
    words.erase(words.begin());
  }
  if (words.size() > 2) invalid(fmt::format("Invalid ip address: {}", whole));
  parts.host = words[0];
  if (words.size() == 2) parts.container = words[1];
  return parts;
}

}  // namespace

std::vector<PortSelector> parse_unpublish(const std::string& text) {
  const std::size_t slash = text.find('/');
  PortSelector selector;
  if (slash != std::string::npos) selector.protocol = parse_port_range("0" + text.substr(slash)).protocol;
  check_port_protocol(selector.protocol);
  const Parts parts = parts_of(text.substr(0, slash), text);
  selector.host_ip = parts.host_ip;
  const bool has_host = !parts.host.empty();
  const bool has_container = !parts.container.empty();
  if (!has_host && !has_container) invalid(fmt::format("No port specified: {}<empty>", text));
  const PortRange host = has_host ? parse_part(parts.host, "hostPort") : PortRange{};
  const PortRange container = has_container ? parse_part(parts.container, "containerPort") : PortRange{};
  if (has_host && has_container && container.count() == 1 && host.count() > 1) {
    selector.host_port = host.first;
    selector.host_port_last = host.last;
    selector.container_port = container.first;
    return {selector};
  }
  if (has_host && has_container && host.count() != container.count()) {
    invalid(
        fmt::format("Invalid ranges specified for container and host Ports: {} and {}", parts.container, parts.host));
  }
  std::vector<PortSelector> selectors;
  for (int offset = 0; offset < (has_host ? host : container).count(); ++offset) {
    if (has_host) selector.host_port = static_cast<std::uint16_t>(host.first + offset);
    if (has_container) selector.container_port = static_cast<std::uint16_t>(container.first + offset);
    selectors.push_back(selector);
  }
  return selectors;
}

}  // namespace options
}  // namespace minidock
