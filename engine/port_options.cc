#include "engine/port_options.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "engine/option_words.h"

namespace minidock {
namespace {

using options::invalid;
using options::split;

std::string without_protocol(const std::string& text) { return text.substr(0, text.find('/')); }

// "published=8080,target=80,protocol=tcp" → "8080:80/tcp"
std::string short_form(const std::string& text) {
  std::map<std::string, std::string> fields{{"protocol", "tcp"}};
  for (const std::string& field : split(text, ',')) {
    const std::vector<std::string> words = split(field, '=');
    if (words.size() < 2) {
      invalid(fmt::format("invalid publish opts format (should be name=value but got '{}')", field));
    }
    fields[words[0]] = words[1];
  }
  return fmt::format("{}:{}/{}", fields["published"], fields["target"], fields["protocol"]);
}

// In the one form that it has everywhere; nothing when it is none.
std::optional<std::string> address_in(int family, const std::string& text) {
  in6_addr parsed{};  // has room for either
  char written[INET6_ADDRSTRLEN] = "";
  if (inet_pton(family, text.c_str(), &parsed) != 1) return std::nullopt;
  return inet_ntop(family, &parsed, written, sizeof written);
}

// "127.0.0.1:8080:80" or "[::1]:8080:80": what is behind the address, which may be missing or empty.
std::string take_host_address(const std::string& text, std::string& address) {
  const bool is_bracketed = text.starts_with('[');
  const std::size_t end = is_bracketed ? text.find("]:") : text.rfind(':', text.rfind(':') - 1);
  const bool has_two_colons = std::count(text.begin(), text.end(), ':') >= 2;
  if (!is_bracketed && !has_two_colons) return text;
  if (end == std::string::npos) invalid(fmt::format("Invalid ip address: {}", text));
  const std::string typed = is_bracketed ? text.substr(1, end - 1) : text.substr(0, end);
  if (is_bracketed || !typed.empty()) {
    const std::optional<std::string> written = address_in(is_bracketed ? AF_INET6 : AF_INET, typed);
    if (!written) invalid(fmt::format("Invalid ip address: {}", typed));
    address = *written;
  }
  std::string rest = text.substr(end + (is_bracketed ? 2 : 1));
  if (std::count(rest.begin(), rest.end(), ':') > 1) invalid(fmt::format("Invalid ip address: {}", text));
  return rest;
}

}  // namespace

network::PublishedPort exposed_port(const std::string& text) {
  const PortRange range = parse_port_range(text);
  network::PublishedPort port;
  port.container_port = range.first;
  port.protocol = range.protocol;
  return port;
}

std::vector<network::PublishedPort> unpublished_ports(const std::vector<std::string>& exposed,
                                                      const std::vector<network::PublishedPort>& ports) {
  std::set<std::pair<std::uint16_t, std::string>> published;
  for (const network::PublishedPort& port : ports) published.emplace(port.container_port, port.protocol);
  std::vector<network::PublishedPort> result;
  for (const std::string& text : exposed) {
    network::PublishedPort port = exposed_port(text);
    if (!published.contains({port.container_port, port.protocol})) result.push_back(std::move(port));
  }
  return result;
}

namespace options {

PortRange parse_port_part(const std::string& text, const char* what) {
  try {
    return parse_port_range(text);
  } catch (const Error&) {
    invalid(fmt::format("Invalid {}: {}", what, text));
  }
}

std::vector<network::PublishedPort> parse_publish(const std::string& typed) {
  const std::string text = typed.find('=') == std::string::npos ? typed : short_form(typed);
  network::PublishedPort port;
  const std::vector<std::string> parts = split(take_host_address(text, port.host_ip), ':');
  const std::string container_text = without_protocol(parts.back());
  if (container_text.empty()) invalid(fmt::format("No port specified: {}<empty>", text));
  const PortRange container = parse_port_part(parts.back(), "containerPort");
  check_port_protocol(container.protocol);
  if (container.first == 0) invalid(fmt::format("Invalid containerPort: {}", container_text));
  const std::string host_text = parts.size() == 2 ? parts[0] : "";
  port.protocol = container.protocol;
  const bool is_ephemeral = host_text.empty() || host_text == "0";
  const PortRange host = is_ephemeral ? PortRange{} : parse_port_part(host_text, "hostPort");
  const bool is_choice = host.count() > 1 && container.count() == 1;
  if (!is_ephemeral && !is_choice && host.count() != container.count()) {
    invalid(fmt::format("Invalid ranges specified for container and host Ports: {} and {}", container_text, host_text));
  }
  if (is_choice) port.host_port_last = host.last;
  std::vector<network::PublishedPort> ports;
  for (int offset = 0; offset < container.count(); ++offset) {
    port.host_port = static_cast<std::uint16_t>(is_ephemeral ? 0 : host.first + offset);
    port.container_port = static_cast<std::uint16_t>(container.first + offset);
    ports.push_back(port);
  }
  return ports;
}

std::vector<std::string> parse_expose(const std::string& text) {
  if (text.find(':') != std::string::npos) invalid(fmt::format("invalid port format for --expose: {}", text));
  PortRange range;
  try {
    range = parse_port_range(text);
  } catch (const Error& error) {
    throw error.with_context(fmt::format("invalid range format for --expose: {}, error", text));
  }
  check_port_protocol(range.protocol);
  std::vector<std::string> ports;
  for (int port = range.first; port <= range.last; ++port) ports.push_back(fmt::format("{}/{}", port, range.protocol));
  return ports;
}

}  // namespace options
}  // namespace minidock
