#include "base/format.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "base/error.h"

namespace minidock::format {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

[[noreturn]] void bad_duration(std::string_view text) {
  throw Error(ErrorKind::invalid_argument, fmt::format("time: invalid duration \"{}\"", text));
}

// Nanoseconds of a Go duration unit, 0 for an unknown one.
std::int64_t duration_unit(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 8> units{{{"ns", 1},
                                                                            {"us", 1'000},
                                                                            {"\u00b5s", 1'000},  // micro sign
                                                                            {"\u03bcs", 1'000},  // Greek mu
                                                                            {"ms", 1'000'000},
                                                                            {"s", kSecond},
                                                                            {"m", 60 * kSecond},
                                                                            {"h", 3600 * kSecond}}};
  for (const auto& [unit, ns] : units) {
    if (unit == name) return ns;
  }
  return 0;
}

// Takes one "1.5h" from the front of `rest`.
std::int64_t take_duration_part(std::string_view& rest, std::string_view whole) {
  std::int64_t value = 0;
  double fraction = 0;
  double scale = 1;
  std::size_t digits = 0;
  while (!rest.empty() && is_digit(rest.front())) {
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, rest.front() - '0', &value)) {
      bad_duration(whole);
    }
    rest.remove_prefix(1);
    ++digits;
  }
  if (!rest.empty() && rest.front() == '.') {
    rest.remove_prefix(1);
    while (!rest.empty() && is_digit(rest.front())) {
      scale /= 10;
      fraction += (rest.front() - '0') * scale;
      rest.remove_prefix(1);
      ++digits;
    }
  }
  if (digits == 0) bad_duration(whole);

  const std::size_t unit_end = std::min(rest.find_first_of(".0123456789"), rest.size());
  const std::string_view unit = rest.substr(0, unit_end);
  rest.remove_prefix(unit_end);
  if (unit.empty()) {
    throw Error(ErrorKind::invalid_argument, fmt::format("time: missing unit in duration \"{}\"", whole));
  }
  const std::int64_t unit_ns = duration_unit(unit);
  if (unit_ns == 0) {
    throw Error(ErrorKind::invalid_argument, fmt::format("time: unknown unit \"{}\" in duration \"{}\"", unit, whole));
  }
  if (__builtin_mul_overflow(value, unit_ns, &value)) bad_duration(whole);
  const std::int64_t fraction_ns = std::llround(fraction * static_cast<double>(unit_ns));
  if (__builtin_add_overflow(value, fraction_ns, &value)) bad_duration(whole);
  return value;
}

}  // namespace

std::int64_t parse_duration(std::string_view text) {
  std::string_view rest = text;
  const bool negative = !rest.empty() && rest.front() == '-';
  if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) rest.remove_prefix(1);
  if (rest == "0") return 0;
  if (rest.empty()) bad_duration(text);
  std::int64_t total = 0;
  while (!rest.empty()) {
    if (__builtin_add_overflow(total, take_duration_part(rest, text), &total)) bad_duration(text);
  }
  return negative ? -total : total;
}

std::string go_duration(std::int64_t ns) {
  if (ns < 0) return "-" + go_duration(-ns);
  if (ns == 0) return "0s";
  if (ns < kSecond) {
    // fmt prints as many digits as are needed to tell the number from others.
    if (ns < 1'000) return fmt::format("{}ns", ns);
    if (ns < 1'000'000) return fmt::format("{}µs", static_cast<double>(ns) / 1e3);
    return fmt::format("{}ms", static_cast<double>(ns) / 1e6);
  }
  const std::int64_t minutes = ns / kSecond / 60;
  const std::string seconds = fmt::format("{}s", static_cast<double>(ns - minutes * 60 * kSecond) / 1e9);
  if (minutes == 0) return seconds;
  return minutes < 60 ? fmt::format("{}m{}", minutes, seconds)
                      : fmt::format("{}h{}m{}", minutes / 60, minutes % 60, seconds);
}

std::string human_duration(std::int64_t ns) {
  const std::int64_t seconds = ns / kSecond;
  if (seconds < 1) return "Less than a second";
  if (seconds == 1) return "1 second";
  if (seconds < 60) return fmt::format("{} seconds", seconds);
  const std::int64_t minutes = seconds / 60;
  if (minutes == 1) return "About a minute";
  if (minutes < 60) return fmt::format("{} minutes", minutes);
  // Hours are rounded to the nearest, everything above is cut.
  const std::int64_t hours = (minutes + 30) / 60;
  if (hours == 1) return "About an hour";
  if (hours < 48) return fmt::format("{} hours", hours);
  if (hours < 24 * 7 * 2) return fmt::format("{} days", hours / 24);
  if (hours < 24 * 30 * 2) return fmt::format("{} weeks", hours / 24 / 7);
  if (hours < 24 * 365 * 2) return fmt::format("{} months", hours / 24 / 30);
  return fmt::format("{} years", minutes / 60 / 24 / 365);
}

std::string human_size(double bytes, int significant_digits) {
  constexpr std::array units{"B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"};
  std::size_t unit = 0;
  while (bytes >= 1000.0 && unit + 1 < units.size()) {
    bytes /= 1000.0;
    ++unit;
  }
  return fmt::format("{:.{}g}{}", bytes, significant_digits, units[unit]);
}

namespace {

// 0 for a letter that is no binary unit.
double binary_unit(char letter) {
  const std::size_t power = std::string_view("bkmgtp").find(letter);
  return power == std::string_view::npos ? 0 : std::ldexp(1.0, static_cast<int>(10 * power));
}

// The factor of "", "b", "k", "kb", "kib", … in any case; 0 when it is none of these.
double ram_suffix(std::string_view suffix) {
  std::string lower;
  for (const char c : suffix) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (lower.empty()) return 1;
  const std::string_view after = std::string_view(lower).substr(1);
  const bool well_formed = after.empty() || (lower.front() != 'b' && (after == "b" || after == "ib"));
  return well_formed ? binary_unit(lower.front()) : 0;
}

}  // namespace

std::int64_t parse_ram_bytes(std::string_view text) {
  const auto invalid = [&] { return Error(ErrorKind::invalid_argument, fmt::format("invalid size: '{}'", text)); };
  const std::size_t last = text.find_last_of("0123456789. ");
  if (last == std::string_view::npos) throw invalid();
  const std::string_view number = text.substr(0, text[last] == ' ' ? last : last + 1);
  const std::string_view suffix = text.substr(last + 1);

  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc() || end != number.data() + number.size()) throw invalid();
  if (!std::isfinite(value) || value < 0) throw invalid();
  const double factor = ram_suffix(suffix);
  if (factor == 0) throw Error(ErrorKind::invalid_argument, fmt::format("invalid suffix: '{}'", suffix));
  value *= factor;
  if (value >= static_cast<double>(std::numeric_limits<std::int64_t>::max())) throw invalid();
  return static_cast<std::int64_t>(value);
}

}  // namespace minidock::format
