#include "engine/id_ranges.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/file.h"

namespace minidock {
namespace {

constexpr char kOwner[] = "containers";
constexpr std::string_view kAuto = "auto";
constexpr std::string_view kSize = "size=";
constexpr std::uint32_t kDefaultSize = 65536;

std::vector<Interval> available_in(const std::string& file) {
  std::vector<Interval> intervals;
  for (const runtime::IdMapping& range :
       parse_subordinate_ranges(file::read_if_exists(file).value_or(""), kOwner, kOwner)) {
    intervals.push_back({range.host_id, range.size});
  }
  if (intervals.empty()) {
    throw Error(ErrorKind::not_found,
                fmt::format("--userns auto: user \"{0}\" has no range in {1}; add one that nobody else uses, such as "
                            "\"{0}:2147483647:2147483648\", to /etc/subuid and /etc/subgid",
                            kOwner, file));
  }
  return intervals;
}

std::uint32_t find_in(const std::string& file, const std::vector<Interval>& used, std::uint32_t size) {
  if (const std::optional<std::uint32_t> first = find_free_ids(available_in(file), used, size)) return *first;
  throw Error(ErrorKind::unavailable,
              fmt::format("--userns auto: no {} ids in a row are left for \"{}\" in {}: remove containers, ask for "
                          "fewer (auto:size=N), or add a range",
                          size, kOwner, file));
}

}  // namespace

bool is_auto_userns(const std::string& userns_mode) {
  return userns_mode == kAuto || (userns_mode.starts_with(kAuto) && userns_mode[kAuto.size()] == ':');
}

std::uint32_t parse_auto_userns(const std::string& userns_mode) {
  if (userns_mode == kAuto) return kDefaultSize;
  const std::string_view option = std::string_view(userns_mode).substr(kAuto.size() + 1);
  std::uint32_t size = 0;
  const std::string_view number = option.starts_with(kSize) ? option.substr(kSize.size()) : "";
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), size);
  if (error != std::errc() || end != number.data() + number.size() || size == 0) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("invalid --userns {}: \"auto\" or \"auto:size=NUMBER\" is expected", userns_mode));
  }
  return size;
}

std::optional<std::uint32_t> find_free_ids(const std::vector<Interval>& available, std::vector<Interval> used,
                                           std::uint32_t size) {
  std::sort(used.begin(), used.end(), [](const Interval& a, const Interval& b) { return a.first < b.first; });
  for (const Interval& interval : available) {
    const std::uint64_t end = std::uint64_t{interval.first} + interval.size;
    std::uint64_t first = interval.first;
    for (const Interval& other : used) {
      const std::uint64_t other_end = std::uint64_t{other.first} + other.size;
      if (other.first < first + size && first < other_end) first = other_end;
    }
    if (first + size <= end) return static_cast<std::uint32_t>(first);
  }
  return std::nullopt;
}

IdRange choose_id_range(storage::Database& database, std::uint32_t size, const std::string& etc) {
  std::vector<Interval> uids;
  std::vector<Interval> gids;
  storage::Statement rows = database.prepare(
      "SELECT json_extract(definition, '$.IdRange.FirstUid'), json_extract(definition, '$.IdRange.FirstGid'), "
      "json_extract(definition, '$.IdRange.Size') FROM containers "
      "WHERE json_extract(definition, '$.IdRange.Size') IS NOT NULL");
  while (rows.step()) {
    const auto count = static_cast<std::uint32_t>(rows.int64(2));
    uids.push_back({static_cast<std::uint32_t>(rows.int64(0)), count});
    gids.push_back({static_cast<std::uint32_t>(rows.int64(1)), count});
  }
  return IdRange{find_in(etc + "/subuid", uids, size), find_in(etc + "/subgid", gids, size), size};
}

IdMappings mappings_of(const IdRange& range) {
  return IdMappings{{{0, range.first_uid, range.size}}, {{0, range.first_gid, range.size}}};
}

}  // namespace minidock
