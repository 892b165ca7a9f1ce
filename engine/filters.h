// --filter name=value, as the lists and prune take it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace minidock {

class Filters {
 public:
  // ErrorKind::invalid_argument in docker's words for a text without "=" or a name that is not among `known`.
  // "label!=x" is the filter "label!".
  Filters(const std::vector<std::string>& texts, const std::vector<std::string_view>& known);

  bool empty() const { return filters_.empty(); }
  const std::vector<std::string>& values(const std::string& name) const;

  // True when the filter is not given, too.
  template <typename Predicate>
  bool any_of(const std::string& name, Predicate matches) const {
    const std::vector<std::string>& wanted = values(name);
    return wanted.empty() || std::any_of(wanted.begin(), wanted.end(), matches);
  }
  template <typename Predicate>
  bool all_of(const std::string& name, Predicate matches) const {
    const std::vector<std::string>& wanted = values(name);
    return std::all_of(wanted.begin(), wanted.end(), matches);
  }

 private:
  std::map<std::string, std::vector<std::string>> filters_;
};

// "true" or "false" (1, 0). ErrorKind::invalid_argument "Invalid filter 'dangling=[x]'".
bool filter_truth(const std::string& value);

// `wanted` is "key" or "key=value".
bool has_label(const std::map<std::string, std::string>& labels, const std::string& wanted);
bool has_label(const std::optional<std::map<std::string, std::string>>& labels, const std::string& wanted);

// The filter "name": a regular expression that is found somewhere in `text`, or the same text.
bool has_pattern(const std::string& text, const std::string& pattern);

// The filter "until": a duration before `now`, seconds since the epoch, or a time. Nanoseconds since the epoch.
// ErrorKind::invalid_argument in docker's words.
std::int64_t parse_until(const std::string& text, std::int64_t now);

}  // namespace minidock
