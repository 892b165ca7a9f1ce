// How docker shows times, durations and sizes, and how it reads them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace minidock::format {

// CLOCK_REALTIME in nanoseconds since the epoch.
std::int64_t now_ns();

// Go's RFC3339Nano in UTC: "2026-01-02T03:04:05.12Z"; trailing zeros of the fraction are cut, a zero fraction
// altogether.
std::string rfc3339_nano(std::int64_t unix_ns);

// The same with nine digits of fraction always, as `logs --timestamps` shows it.
std::string rfc3339_nano_fixed(std::int64_t unix_ns);

// Inverse; also accepts offsets, a date alone, hours with or without minutes and seconds, and a time without zone
// (taken as UTC). ErrorKind::invalid_argument else. Years that do not fit (before 1678, after 2261, Go's zero time
// among them) become the smallest or largest value, so that comparing still works.
std::int64_t parse_rfc3339(std::string_view text);

// Go duration text ("10m", "1h30m", "1.5s") in nanoseconds. ErrorKind::invalid_argument when malformed or too long.
std::int64_t parse_duration(std::string_view text);

// As Go prints a duration: "1h30m0s", "1.5s", "50ms", "0s".
std::string go_duration(std::int64_t ns);

// docker's units.HumanDuration: "Less than a second", "5 seconds", "About a minute", "2 hours", …
std::string human_duration(std::int64_t ns);

// docker's units.HumanSize: decimal units, four significant digits: "1.234MB", "0B". `images` and `ps --size` show
// three.
std::string human_size(double bytes, int significant_digits = 4);

// docker's units.RAMInBytes: "64m" → 67108864; binary suffixes b k m g t p, also "MB" and "MiB".
// ErrorKind::invalid_argument when malformed.
std::int64_t parse_ram_bytes(std::string_view text);

// Zero value of Go's time.Time.
inline constexpr std::string_view kZeroTime = "0001-01-01T00:00:00Z";

}  // namespace minidock::format
