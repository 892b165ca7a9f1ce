#include "engine/option_parsers.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "engine/option_words.h"
#include "engine/streams/client_streams.h"

namespace minidock::options {
namespace {

std::optional<int> to_int(const std::string& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

struct PortRange {
  int first = 0;
  int last = 0;
  int count() const { return last - first + 1; }
};

PortRange parse_port_range(const std::string& text, const std::string& whole) {
  const std::size_t dash = text.find('-');
  const std::optional<int> first = to_int(text.substr(0, dash));
  const std::optional<int> last = dash == std::string::npos ? first : to_int(text.substr(dash + 1));
  if (!first || !last || *first < 1 || *last > 65535 || *last < *first) {
    invalid(fmt::format("invalid port specification: \"{}\"", whole));
  }
  return PortRange{*first, *last};
}

// Cuts "/proto" off; tcp when there is none.
std::string take_protocol(std::string& text, const std::string& whole) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return "tcp";
  const std::string protocol = text.substr(slash + 1);
  text.resize(slash);
  if (protocol != "tcp" && protocol != "udp" && protocol != "sctp") {
    invalid(fmt::format("invalid proto: {} in port specification \"{}\"", protocol, whole));
  }
  return protocol;
}

}  // namespace

std::vector<network::PublishedPort> parse_publish(const std::string& whole) {
  std::string text = whole;
  const std::string protocol = take_protocol(text, whole);
  if (text.find('[') != std::string::npos) {
    throw Error(ErrorKind::unsupported,
                fmt::format("publishing on an IPv6 address is not supported: \"{}\"; publish on an IPv4 one", whole));
  }
  const std::vector<std::string> parts = split(text, ':');
  if (parts.size() > 3 || parts.back().empty()) invalid(fmt::format("invalid port specification: \"{}\"", whole));
  const PortRange container = parse_port_range(parts.back(), whole);
  const std::string host_text = parts.size() >= 2 ? parts[parts.size() - 2] : "";
  std::string host_ip = parts.size() == 3 ? parts[0] : "0.0.0.0";
  in_addr parsed{};
  if (inet_pton(AF_INET, host_ip.c_str(), &parsed) != 1) {
    invalid(fmt::format("invalid IP address in port specification: \"{}\"", whole));
  }
  std::vector<network::PublishedPort> ports;
  PortRange host{0, -1};
  if (!host_text.empty() && host_text != "0") {
    host = parse_port_range(host_text, whole);
    if (host.count() != container.count()) {
      invalid(fmt::format("invalid ranges specified for container and host Ports: \"{}\"", whole));
    }
  }
  for (int offset = 0; offset < container.count(); ++offset) {
    network::PublishedPort port;
    port.protocol = protocol;
    port.host_ip = host_ip;
    port.host_port = static_cast<std::uint16_t>(host.count() > 0 ? host.first + offset : 0);
    port.container_port = static_cast<std::uint16_t>(container.first + offset);
    ports.push_back(port);
  }
  return ports;
}

std::vector<std::string> parse_expose(const std::string& whole) {
  std::string text = whole;
  const std::string protocol = take_protocol(text, whole);
  const PortRange range = parse_port_range(text, whole);
  std::vector<std::string> ports;
  for (int port = range.first; port <= range.last; ++port) ports.push_back(fmt::format("{}/{}", port, protocol));
  return ports;
}

std::string check_environment_entry(const std::string& entry) {
  if (entry.empty() || entry.front() == '=') invalid(fmt::format("invalid environment variable: {}", entry));
  return entry;
}

std::vector<std::string> resolve_environment(const std::vector<std::string>& entries) {
  std::vector<std::string> result;
  for (const std::string& entry : entries) {
    check_environment_entry(entry);
    if (entry.find('=') != std::string::npos) {
      result.push_back(entry);
    } else if (const char* value = std::getenv(entry.c_str())) {
      result.push_back(entry + "=" + value);
    } else {
      result.push_back(entry);
    }
  }
  return result;
}

std::vector<std::string> read_env_file(const std::string& path) {
  const std::optional<std::string> text = file::read_if_exists(path);
  if (!text) invalid(fmt::format("open {}: no such file or directory", path));
  std::vector<std::string> entries;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const std::size_t start = line.find_first_not_of(" \t");
    if (start == std::string::npos || line[start] == '#') continue;
    line.erase(0, start);
    const std::string name = line.substr(0, line.find('='));
    if (name.empty()) invalid(fmt::format("no variable name on line '{}' of {}", line, path));
    if (name.find_first_of(" \t") != std::string::npos) {
      invalid(fmt::format("poorly formatted environment: variable '{}' contains whitespaces in {}", name, path));
    }
    entries.push_back(line);
  }
  return entries;
}

std::vector<std::string> read_environment_file(const std::string& path) {
  std::vector<std::string> entries = resolve_environment(read_env_file(path));
  std::erase_if(entries, [](const std::string& entry) { return entry.find('=') == std::string::npos; });
  return entries;
}

std::pair<std::string, std::string> parse_label(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (text.empty() || equals == 0) invalid(fmt::format("invalid label '{}': empty name", text));
  if (equals == std::string::npos) return {text, ""};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

namespace {

constexpr std::array<std::pair<std::string_view, int>, 4> kOtherSignalNames{
    {{"CLD", SIGCHLD}, {"IOT", SIGABRT}, {"IO", SIGIO}, {"UNUSED", SIGSYS}}};

}  // namespace

int parse_signal(const std::string& text) {
  if (const std::optional<int> number = to_int(text); number && *number > 0 && *number <= SIGRTMAX) return *number;
  std::string name = text;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
  if (name.starts_with("SIG")) name.erase(0, 3);
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    const char* abbreviation = sigabbrev_np(signal);
    if (abbreviation != nullptr && name == abbreviation) return signal;
  }
  for (const auto& [other, signal] : kOtherSignalNames) {
    if (name == other) return signal;
  }
  if (name.starts_with("RTMIN") || name.starts_with("RTMAX")) {
    const bool from_end = name.starts_with("RTMAX");
    const std::size_t start = name.size() > 5 && name[5] == (from_end ? '-' : '+') ? 6 : 5;
    const std::optional<int> offset = name.size() == 5 ? 0 : to_int(name.substr(start));
    const int signal = (from_end ? SIGRTMAX : SIGRTMIN) + (from_end ? -1 : 1) * offset.value_or(-1);
    if (offset && *offset >= 0 && signal >= SIGRTMIN && signal <= SIGRTMAX) return signal;
  }
  invalid(fmt::format("Invalid signal: {}", text));
}

void check_detach_keys(const std::string& keys) { streams::parse_detach_keys(keys); }

}  // namespace minidock::options
