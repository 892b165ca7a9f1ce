#include "engine/filters.h"

#include <fmt/format.h>
#include <regex.h>

#include <charconv>

#include "base/error.h"
#include "base/format.h"
#include "base/text.h"

namespace minidock {
namespace {

[[noreturn]] void invalid(const std::string& message) { throw Error(ErrorKind::invalid_argument, message); }

}  // namespace

Filters::Filters(const std::vector<std::string>& texts, const std::vector<std::string_view>& known) {
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      invalid(fmt::format("bad format of filter \"{}\" (expected name=value)", text));
    }
    const std::string name = lower_case(text.substr(0, equals));
    if (std::find(known.begin(), known.end(), name) == known.end()) invalid(fmt::format("Invalid filter '{}'", name));
    filters_[name].push_back(text.substr(equals + 1));
  }
}

const std::vector<std::string>& Filters::values(const std::string& name) const {
  static const std::vector<std::string> none;
  const auto found = filters_.find(name);
  return found == filters_.end() ? none : found->second;
}

bool filter_truth(const std::string& value) {
  if (value == "true" || value == "1") return true;
  if (value == "false" || value == "0") return false;
  invalid(fmt::format("Invalid filter 'dangling=[{}]'", value));
}

bool has_label(const std::map<std::string, std::string>& labels, const std::string& wanted) {
  const std::size_t equals = wanted.find('=');
  const auto label = labels.find(wanted.substr(0, equals));
  if (label == labels.end()) return false;
  return equals == std::string::npos || label->second == wanted.substr(equals + 1);
}

bool has_label(const std::optional<std::map<std::string, std::string>>& labels, const std::string& wanted) {
  return labels && has_label(*labels, wanted);
}

bool has_pattern(const std::string& text, const std::string& pattern) {
  regex_t expression;
  if (regcomp(&expression, pattern.c_str(), REG_EXTENDED | REG_NOSUB) != 0) return text == pattern;
  const bool found = regexec(&expression, text.c_str(), 0, nullptr, 0) == 0;
  regfree(&expression);
  return found;
}

std::int64_t parse_until(const std::string& text, std::int64_t now) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  std::int64_t seconds = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, seconds);
  if (!text.empty() && error == std::errc() && stopped == end) return seconds * kSecond;
  try {
    return now - format::parse_duration(text);
  } catch (const Error&) {
    // a time, then
  }
  try {
    return format::parse_rfc3339(text);
  } catch (const Error&) {
    invalid(fmt::format("failed to parse value as time or duration: \"{}\"", text));
  }
}

}  // namespace minidock
