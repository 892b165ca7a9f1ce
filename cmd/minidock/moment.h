// The times of --since and --until.
#pragma once

#include <cstdint>
#include <string>

namespace minidock::cmd {

// A time, a duration before now ("10m"), or seconds since the epoch with a fraction: nanoseconds since the epoch.
// UsageError naming `flag`.
std::int64_t parse_moment(const std::string& text, const char* flag);

// What docker makes of `text`, of which parse_moment has made `moment`: seconds since the epoch, for a time with their
// fraction; a number stays as it is typed.
std::string moment_text(const std::string& text, std::int64_t moment);

// As docker prints a time for its reader: in the local zone with its offset ("Z" for UTC), nine digits of fraction.
std::string local_time(std::int64_t unix_ns);

}  // namespace minidock::cmd
