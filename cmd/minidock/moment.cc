#include "cmd/minidock/moment.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <ctime>

#include "base/format.h"
#include "cmd/minidock/command.h"

namespace minidock::cmd {

std::int64_t parse_moment(const std::string& text, const char* flag) {
  if (!text.empty() && text.find_first_not_of("0123456789.") == std::string::npos) {
    const std::size_t dot = text.find('.');
    std::string fraction = dot == std::string::npos ? "" : text.substr(dot + 1);
    fraction.resize(9, '0');
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    std::from_chars(text.data(), text.data() + std::min(dot, text.size()), seconds);
    std::from_chars(fraction.data(), fraction.data() + fraction.size(), nanoseconds);
    return seconds * 1'000'000'000 + nanoseconds;
  }
  try {
    return format::now_ns() - format::parse_duration(text);
  } catch (const Error&) {
    // Not a duration: then a date.
  }
  try {
    return format::parse_rfc3339(text);
  } catch (const Error&) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("invalid value for \"{}\": failed to parse value as time or duration: \"{}\"", flag, text));
  }
}

std::string moment_text(const std::string& text, std::int64_t moment) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  if (text.find_first_not_of("0123456789.") == std::string::npos) return text;
  try {
    format::parse_duration(text);
    return std::to_string(moment / kSecond);
  } catch (const Error&) {
    return fmt::format("{}.{:09}", moment / kSecond, moment % kSecond);
  }
}

namespace {

std::string zone_offset(long seconds) {
  if (seconds == 0) return "Z";
  const long minutes = std::labs(seconds) / 60;
  return fmt::format("{}{:02}:{:02}", seconds < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

}  // namespace

std::string local_time(std::int64_t unix_ns) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  // Floor, so that the fraction is never negative.
  const std::int64_t seconds = unix_ns / kSecond - (unix_ns % kSecond < 0 ? 1 : 0);
  const std::time_t whole = static_cast<std::time_t>(seconds);
  std::tm parts{};
  localtime_r(&whole, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}{}", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, unix_ns - seconds * kSecond,
                     zone_offset(parts.tm_gmtoff));
}

}  // namespace minidock::cmd
