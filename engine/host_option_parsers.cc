#include "engine/host_option_parsers.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <regex>

#include "base/error.h"
#include "base/file.h"
#include "engine/ulimits.h"

namespace minidock::options {
namespace {

[[noreturn]] void invalid(const std::string& message) { throw Error(ErrorKind::invalid_argument, message); }

template <typename Number>
std::optional<Number> to_number(std::string_view text, int base = 10) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "key=value" or "key:value", cut at the first of `separators`.
std::pair<std::string, std::optional<std::string>> cut(const std::string& text, const char* separators) {
  const std::size_t at = text.find_first_of(separators);
  if (at == std::string::npos) return {text, std::nullopt};
  return {text.substr(0, at), text.substr(at + 1)};
}

bool is_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> parsed{};
  return inet_pton(AF_INET, text.c_str(), parsed.data()) == 1 || inet_pton(AF_INET6, text.c_str(), parsed.data()) == 1;
}

bool is_device_access(const std::string& text) {
  return !text.empty() && text.size() <= 3 && text.find_first_not_of("rwm") == std::string::npos &&
         std::all_of(text.begin(), text.end(), [&](char c) { return std::count(text.begin(), text.end(), c) == 1; });
}

}  // namespace

RestartPolicy parse_restart_policy(const std::string& text) {
  RestartPolicy policy;
  if (text.empty()) return policy;
  const auto [name, count] = cut(text, ":");
  if (count && name.empty()) invalid("invalid restart policy format: no policy provided before colon");
  const std::optional<int> retries = count ? to_number<int>(*count) : 0;
  if (!retries) invalid("invalid restart policy format: maximum retry count must be an integer");
  policy.name = name;
  policy.maximum_retries = *retries;
  return policy;
}

void check_restart_policy(const RestartPolicy& policy) {
  constexpr std::array<std::string_view, 4> kNames{"no", "always", "unless-stopped", "on-failure"};
  if (std::find(kNames.begin(), kNames.end(), policy.name) == kNames.end()) {
    invalid(fmt::format("invalid restart policy '{}'", policy.name));
  }
  if (policy.name != "on-failure" && policy.maximum_retries != 0) {
    invalid(fmt::format("maximum retry count cannot be used with restart policy '{}'", policy.name));
  }
  if (policy.maximum_retries < 0) invalid("maximum retry count cannot be negative");
}

Ulimit parse_ulimit(const std::string& text) {
  const auto [name, values] = cut(text, "=");
  if (!values) invalid(fmt::format("invalid ulimit argument: {}", text));
  if (!ulimit_resource(name)) invalid(fmt::format("invalid ulimit type: {}", name));
  const auto [soft_text, hard_text] = cut(*values, ":");
  const std::optional<std::int64_t> soft = to_number<std::int64_t>(soft_text);
  const std::optional<std::int64_t> hard = hard_text ? to_number<std::int64_t>(*hard_text) : soft;
  if (!soft || !hard) {
    invalid(fmt::format("strconv.ParseInt: parsing \"{}\": invalid syntax", soft ? *hard_text : soft_text));
  }
  const bool too_high = *hard != -1 && (*soft == -1 || *soft > *hard);
  if (too_high)
    invalid(fmt::format("ulimit soft limit must be less than or equal to hard limit: {} > {}", *soft, *hard));
  return Ulimit{name, *soft, *hard};
}

DeviceRequest parse_device(const std::string& text) {
  const auto [host, rest] = cut(text, ":");
  DeviceRequest device{host, host, "rwm"};
  if (rest) {
    const auto [second, third] = cut(*rest, ":");
    if (third) {
      device.container_path = second;
      device.access = *third;
    } else if (is_device_access(second)) {
      device.access = second;
    } else {
      device.container_path = second;
    }
  }
  if (device.access.find(':') != std::string::npos) invalid(fmt::format("invalid device specification: {}", text));
  if (!is_device_access(device.access)) invalid(fmt::format("bad mode specified: {}", device.access));
  if (!device.host_path.starts_with('/')) invalid(fmt::format("{} is not an absolute path", device.host_path));
  if (!device.container_path.starts_with('/')) {
    invalid(fmt::format("{} is not an absolute path", device.container_path));
  }
  return device;
}

std::string parse_device_rule(const std::string& text) {
  static const std::regex format(R"(^[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}$)");
  if (!std::regex_match(text, format)) invalid(fmt::format("invalid device cgroup format '{}'", text));
  return text;
}

std::pair<std::string, std::string> parse_sysctl(const std::string& text) {
  constexpr std::array<std::string_view, 8> kNames{"kernel.msgmax", "kernel.msgmnb",         "kernel.msgmni",
                                                   "kernel.sem",    "kernel.shmall",         "kernel.shmmax",
                                                   "kernel.shmmni", "kernel.shm_rmid_forced"};
  const auto [name, value] = cut(text, "=");
  const bool namespaced = std::find(kNames.begin(), kNames.end(), name) != kNames.end() || name.starts_with("net.") ||
                          name.starts_with("fs.mqueue.");
  if (!value || !namespaced) invalid(fmt::format("sysctl '{}' is not allowed", text));
  return {name, *value};
}

std::string parse_extra_host(const std::string& text) {
  auto [name, address] = cut(text, ":=");
  if (!address || name.empty() || address->empty()) invalid(fmt::format("bad format for add-host: \"{}\"", text));
  if (address->starts_with('[') && address->ends_with(']')) *address = address->substr(1, address->size() - 2);
  if (*address != "host-gateway" && !is_address(*address)) {
    invalid(fmt::format("invalid IP address in add-host: \"{}\"", *address));
  }
  return name + ":" + *address;
}

std::string parse_dns_server(const std::string& text) {
  if (!is_address(text)) invalid(fmt::format("{} is not an ip address", text));
  return text;
}

std::string parse_dns_search(const std::string& text) {
  static const std::regex format(R"(^(:?(:?[a-zA-Z0-9]|(:?[a-zA-Z0-9][a-zA-Z0-9\-]*[a-zA-Z0-9]))(:?\.)?)*$)");
  const bool has_letter = std::any_of(text.begin(), text.end(), [](unsigned char c) { return std::isalpha(c); });
  if (text == ".") return text;
  if (!has_letter || text.size() > 255 || !std::regex_match(text, format)) {
    invalid(fmt::format("{} is not a valid domain", text));
  }
  return text;
}

std::string parse_mac_address(const std::string& text) {
  static const std::regex format("^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$");
  if (!std::regex_match(text, format)) invalid(fmt::format("{} is not a valid mac address", text));
  return text;
}

std::pair<std::string, std::string> parse_key_value(const std::string& text, const char* flag) {
  const auto [key, value] = cut(text, "=");
  if (key.empty() || !value) invalid(fmt::format("invalid value \"{}\" for --{}: want key=value", text, flag));
  return {key, *value};
}

std::string parse_security_option(const std::string& text) {
  if (text == "no-new-privileges" || text == "writable-cgroups") return text;
  const auto [key, value] = cut(text, text.find('=') == std::string::npos ? ":" : "=");
  if (!value) invalid(fmt::format("Invalid --security-opt: \"{}\"", text));
  if (key != "seccomp" || *value == "unconfined" || *value == "builtin") return key + "=" + *value;
  const std::optional<std::string> profile = file::read_if_exists(*value, 1 << 20);
  if (!profile) {
    invalid(fmt::format("opening seccomp profile ({}) failed: open {}: no such file or directory", *value, *value));
  }
  return "seccomp=" + *profile;
}

std::string parse_umask(const std::string& text) {
  const std::optional<unsigned> value = to_number<unsigned>(text, 8);
  if (!value || *value > 0777) invalid(fmt::format("invalid umask \"{}\": want an octal number up to 0777", text));
  return text;
}

}  // namespace minidock::options
