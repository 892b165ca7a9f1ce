#include "engine/ulimits.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"

namespace minidock {

std::optional<std::string> ulimit_resource(const std::string& name) {
  constexpr std::array<std::string_view, 15> kNames{"core",    "cpu",      "data",   "fsize",      "locks",
                                                    "memlock", "msgqueue", "nice",   "nofile",     "nproc",
                                                    "rss",     "rtprio",   "rttime", "sigpending", "stack"};
  if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) return std::nullopt;
  return "RLIMIT_" + upper_case(name);
}

std::vector<runtime::Rlimit> rlimits(const std::vector<Ulimit>& limits) {
  std::vector<runtime::Rlimit> result;
  for (const Ulimit& limit : limits) {
    // -1 is RLIM_INFINITY, whose bits are the same.
    result.push_back({ulimit_resource(limit.name).value_or(""), static_cast<std::uint64_t>(limit.soft),
                      static_cast<std::uint64_t>(limit.hard)});
  }
  return result;
}

}  // namespace minidock
