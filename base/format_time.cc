// Times as text: RFC 3339, as Go's time package writes and reads it.
#include <fmt/format.h>
#include <time.h>

#include <limits>
#include <optional>

#include "base/error.h"
#include "base/format.h"

namespace minidock::format {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

struct Split {
  tm fields{};
  std::int64_t fraction = 0;  // nanoseconds, 0 … 999,999,999
};

Split split(std::int64_t unix_ns) {
  Split result;
  time_t seconds = unix_ns / kSecond;
  result.fraction = unix_ns % kSecond;
  if (result.fraction < 0) {
    result.fraction += kSecond;
    --seconds;
  }
  gmtime_r(&seconds, &result.fields);
  return result;
}

std::string date_and_time(const tm& fields) {
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", fields.tm_year + 1900, fields.tm_mon + 1, fields.tm_mday,
                     fields.tm_hour, fields.tm_min, fields.tm_sec);
}

// Reads a time from its front; every step fails the whole parse by returning false.
class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : rest_(text) {}

  std::optional<std::int64_t> read() {
    if (!date()) return std::nullopt;
    if (!rest_.empty() && (take('T') || take('t') || take(' '))) {
      if (!clock()) return std::nullopt;
    }
    if (!rest_.empty() && !zone()) return std::nullopt;
    if (!rest_.empty()) return std::nullopt;
    return nanoseconds();
  }

 private:
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool number(std::size_t digits, int low, int high, int& value) {
    if (rest_.size() < digits) return false;
    value = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return false;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return value >= low && value <= high;
  }

  bool date() {
    int year = 0;
    int month = 0;
    if (!number(4, 0, 9999, year) || !take('-') || !number(2, 1, 12, month) || !take('-')) return false;
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const int days = month == 2 ? (leap ? 29 : 28) : (month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31);
    fields_.tm_year = year - 1900;
    fields_.tm_mon = month - 1;
    return number(2, 1, days, fields_.tm_mday);
  }

  bool clock() {
    if (!number(2, 0, 23, fields_.tm_hour)) return false;
    if (!take(':')) return true;
    if (!number(2, 0, 59, fields_.tm_min)) return false;
    if (!take(':')) return true;
    if (!number(2, 0, 59, fields_.tm_sec)) return false;
    return take('.') || take(',') ? fraction() : true;
  }

  // Digits past the ninth are below a nanosecond and cut.
  bool fraction() {
    std::int64_t weight = kSecond / 10;
    bool any = false;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      fraction_ += (rest_.front() - '0') * weight;
      weight /= 10;
      rest_.remove_prefix(1);
      any = true;
    }
    return any;
  }

  bool zone() {
    if (take('Z') || take('z')) return true;
    const bool west = rest_.front() == '-';
    if (!take('+') && !take('-')) return false;
    int hours = 0;
    int minutes = 0;
    if (!number(2, 0, 23, hours) || !take(':') || !number(2, 0, 59, minutes)) return false;
    offset_seconds_ = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
    return true;
  }

  std::int64_t nanoseconds() {
    const std::int64_t seconds = timegm(&fields_) - offset_seconds_;
    std::int64_t result = 0;
    if (__builtin_mul_overflow(seconds, kSecond, &result) || __builtin_add_overflow(result, fraction_, &result)) {
      return seconds < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
    }
    return result;
  }

  std::string_view rest_;
  tm fields_{};
  std::int64_t fraction_ = 0;
  std::int64_t offset_seconds_ = 0;
};

}  // namespace

std::int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

std::string rfc3339_nano(std::int64_t unix_ns) {
  const Split time = split(unix_ns);
  std::string text = date_and_time(time.fields);
  if (time.fraction != 0) {
    text += fmt::format(".{:09}", time.fraction);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text + "Z";
}

std::string rfc3339_nano_fixed(std::int64_t unix_ns) {
  const Split time = split(unix_ns);
  return fmt::format("{}.{:09}Z", date_and_time(time.fields), time.fraction);
}

std::int64_t parse_rfc3339(std::string_view text) {
  const std::optional<std::int64_t> ns = TimeReader(text).read();
  if (ns) return *ns;
  throw Error(ErrorKind::invalid_argument,
              fmt::format("invalid time \"{}\": write it as 2006-01-02T15:04:05Z or 2006-01-02", text));
}

}  // namespace minidock::format
