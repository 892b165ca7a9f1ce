#include "engine/volume_owner.h"

#include <algorithm>
#include <limits>

namespace minidock {
namespace {

using Maps = std::vector<runtime::IdMapping>;

constexpr std::uint64_t kAllIds = std::numeric_limits<std::uint32_t>::max();  // the last one is no id

bool same(const Maps& a, const Maps& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.container_id == y.container_id && x.host_id == y.host_id && x.size == y.size;
  });
}

void add(Maps& result, std::uint64_t from, std::uint64_t to, std::uint64_t size) {
  result.push_back(
      {static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to), static_cast<std::uint32_t>(size)});
}

// Container ids that both maps know.
Maps join(const Maps& data, const Maps& container) {
  Maps result;
  for (const runtime::IdMapping& ours : data) {
    for (const runtime::IdMapping& theirs : container) {
      const std::uint64_t first = std::max(ours.container_id, theirs.container_id);
      const std::uint64_t end =
          std::min(std::uint64_t{ours.container_id} + ours.size, std::uint64_t{theirs.container_id} + theirs.size);
      if (first >= end) continue;
      add(result, ours.host_id + (first - ours.container_id), theirs.host_id + (first - theirs.container_id),
          end - first);
    }
  }
  return result;
}

// Exchanges each range with the ids that it stands for; all others keep theirs.
Maps exchange(const Maps& data) {
  Maps result;
  for (const runtime::IdMapping& range : data) {
    add(result, range.host_id, range.container_id, range.size);
    add(result, range.container_id, range.host_id, range.size);
  }
  std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) { return a.container_id < b.container_id; });
  Maps gaps;
  std::uint64_t next = 0;
  for (const runtime::IdMapping& range : result) {
    if (range.container_id > next) add(gaps, next, next, range.container_id - next);
    next = std::uint64_t{range.container_id} + range.size;
  }
  if (next < kAllIds) add(gaps, next, next, kAllIds - next);
  result.insert(result.end(), gaps.begin(), gaps.end());
  return result;
}

bool can_exchange(const Maps& data) {
  Maps both;
  for (const runtime::IdMapping& range : data) {
    both.push_back({range.container_id, 0, range.size});
    both.push_back({range.host_id, 0, range.size});
  }
  std::sort(both.begin(), both.end(), [](const auto& a, const auto& b) { return a.container_id < b.container_id; });
  return std::adjacent_find(both.begin(), both.end(), [](const auto& a, const auto& b) {
           return std::uint64_t{a.container_id} + a.size > b.container_id;
         }) == both.end();
}

}  // namespace

Maps owner_translation(const Maps& data, const Maps& container) {
  if (same(data, container)) return {};
  // On disk the container ids themselves: the container's map is the translation.
  if (data.empty()) return container;
  if (!container.empty()) return join(data, container);
  return can_exchange(data) ? exchange(data) : join(data, {{0, 0, std::numeric_limits<std::uint32_t>::max()}});
}

}  // namespace minidock
