// How docker shows times, durations and sizes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace minidock::format {

// CLOCK_REALTIME in nanoseconds since the epoch.
std::int64_t now_ns();

// "2026-01-02T03:04:05.123456789Z" (always nine digits of fraction unless it is zero, as Go's RFC3339Nano trims them).
std::string rfc3339_nano(std::int64_t unix_ns);

// Inverse; also accepts offsets, a date alone, and a time without zone (taken as UTC). ErrorKind::invalid_argument else.
std::int64_t parse_rfc3339(std::string_view text);

// Go duration text ("10m", "1h30m", "1.5s") in nanoseconds. ErrorKind::invalid_argument when malformed.
std::int64_t parse_duration(std::string_view text);

// docker's units.HumanDuration: "Less than a second", "5 seconds", "About a minute", "2 hours", …
std::string human_duration(std::int64_t ns);

// docker's units.HumanSize: decimal units, four significant digits: "1.23MB", "0B".
std::string human_size(double bytes);

// docker's units.RAMInBytes: "64m" → 67108864; binary suffixes b k m g t. ErrorKind::invalid_argument when malformed.
std::int64_t parse_ram_bytes(std::string_view text);

// Zero value of Go's time.Time.
inline constexpr std::string_view kZeroTime = "0001-01-01T00:00:00Z";

}  // namespace minidock::format
