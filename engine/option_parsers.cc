#include "engine/option_parsers.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
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

}  // namespace

std::string check_environment_entry(const std::string& entry) {
  if (entry.empty() || entry.front() == '=') invalid(fmt::format("invalid environment variable: {}", entry));
  return entry;
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

namespace {

std::vector<std::string> resolve_environment(const std::vector<std::string>& entries) {
  std::vector<std::string> result;
  for (const std::string& entry : entries) {
    check_environment_entry(entry);
    const bool has_value = entry.find('=') != std::string::npos;
    const char* value = has_value ? nullptr : std::getenv(entry.c_str());
    result.push_back(value == nullptr ? entry : entry + "=" + value);
  }
  return result;
}

}  // namespace

std::vector<std::string> environment_of(const std::vector<std::string>& files,
                                        const std::vector<std::string>& entries) {
  std::vector<std::string> result;
  for (const std::string& file : files) {
    const std::vector<std::string> lines = resolve_environment(read_env_file(file));
    std::copy_if(lines.begin(), lines.end(), std::back_inserter(result),
                 [](const std::string& entry) { return entry.find('=') != std::string::npos; });
  }
  const std::vector<std::string> typed = resolve_environment(entries);
  result.insert(result.end(), typed.begin(), typed.end());
  return result;
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
  std::string name = upper_case(text);
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
