#include "engine/runtime/systemd_scope.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/path.h"
#include "engine/runtime/cgroup_limits.h"

namespace minidock::runtime {
namespace {

constexpr std::string_view kSlice = ".slice";
constexpr std::uint64_t kUnlimited = UINT64_MAX;

std::uint64_t bytes(std::int64_t value) { return value < 0 ? kUnlimited : static_cast<std::uint64_t>(value); }

// "0-2,5" as systemd's bit mask, the lowest bit of the first byte first. What the kernel would refuse is left to it.
std::vector<std::uint8_t> bit_mask(std::string_view list) {
  std::vector<std::uint8_t> mask;
  const auto take_number = [&] {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(list.data(), list.data() + list.size(), number);
    list.remove_prefix(error == std::errc() ? static_cast<std::size_t>(end - list.data()) : list.size());
    return number;
  };
  constexpr std::size_t kMost = 8192;
  while (!list.empty()) {
    const std::size_t first = take_number();
    std::size_t last = first;
    if (list.starts_with('-')) {
      list.remove_prefix(1);
      last = take_number();
    }
    if (list.starts_with(',')) list.remove_prefix(1);
    for (std::size_t bit = first; bit <= last && bit < kMost; ++bit) {
      if (mask.size() <= bit / 8) mask.resize(bit / 8 + 1);
      mask[bit / 8] = static_cast<std::uint8_t>(mask[bit / 8] | (1U << (bit % 8)));
    }
  }
  return mask;
}

void add_memory(const ResourceLimits& limits, std::vector<UnitProperty>& properties) {
  if (limits.memory) properties.push_back({"MemoryMax", bytes(*limits.memory)});
  if (limits.memory_reservation) properties.push_back({"MemoryLow", bytes(*limits.memory_reservation)});
  if (!limits.memory_swap) return;
  // Memory and swap together here, swap alone there.
  const std::int64_t swap =
      *limits.memory_swap < 0 ? -1 : std::max<std::int64_t>(*limits.memory_swap - limits.memory.value_or(0), 0);
  properties.push_back({"MemorySwapMax", bytes(swap)});
}

void add_cpu(const ResourceLimits& limits, std::vector<UnitProperty>& properties) {
  if (limits.cpu_shares) properties.push_back({"CPUWeight", std::uint64_t{cpu_weight(*limits.cpu_shares)}});
  const std::uint64_t period = limits.cpu_period.value_or(100'000);
  if (limits.cpu_period) properties.push_back({"CPUQuotaPeriodUSec", period});
  if (!limits.cpu_quota) return;
  constexpr std::uint64_t kMicroseconds = 1'000'000;
  properties.push_back({"CPUQuotaPerSecUSec", *limits.cpu_quota <= 0 || period == 0
                                                  ? kUnlimited
                                                  : bytes(*limits.cpu_quota) * kMicroseconds / period});
}

}  // namespace

bool is_systemd_scope(const std::string& cgroups_path) {
  return cgroups_path.ends_with(".scope") && path::parent_of(cgroups_path).ends_with(kSlice);
}

std::string slice_path(const std::string& slice) {
  if (slice == "-.slice") return "/";
  const std::string_view name = std::string_view(slice).substr(0, slice.size() - std::min(slice.size(), kSlice.size()));
  const bool valid = slice.ends_with(kSlice) && !name.empty() && name.find('/') == std::string_view::npos &&
                     !name.starts_with('-') && !name.ends_with('-') && name.find("--") == std::string_view::npos;
  if (!valid) {
    throw Error(
        ErrorKind::invalid_argument,
        fmt::format("cgroup-parent for systemd cgroup should be a valid slice named as \"xxx.slice\", not \"{}\"",
                    slice));
  }
  std::string result;
  for (std::size_t dash = name.find('-'); dash != std::string_view::npos; dash = name.find('-', dash + 1)) {
    result += fmt::format("/{}{}", name.substr(0, dash), kSlice);
  }
  return result + "/" + slice;
}

std::vector<UnitProperty> limit_properties(const ResourceLimits& limits) {
  std::vector<UnitProperty> properties;
  add_memory(limits, properties);
  add_cpu(limits, properties);
  if (limits.pids) {
    properties.push_back({"TasksMax", *limits.pids <= 0 ? kUnlimited : static_cast<std::uint64_t>(*limits.pids)});
  }
  if (!limits.cpuset_cpus.empty()) properties.push_back({"AllowedCPUs", bit_mask(limits.cpuset_cpus)});
  if (!limits.cpuset_mems.empty()) properties.push_back({"AllowedMemoryNodes", bit_mask(limits.cpuset_mems)});
  return properties;
}

std::vector<UnitProperty> scope_properties(const std::string& cgroups_path, const ResourceLimits& limits,
                                           std::uint32_t pid) {
  const std::string scope = path::base_name(cgroups_path);
  const std::string id = scope.substr(scope.find('-') + 1, scope.rfind('.') - scope.find('-') - 1);
  std::vector<UnitProperty> properties{
      {"Description", fmt::format("minidock container {}", id)},
      {"Slice", path::base_name(path::parent_of(cgroups_path))},
      {"PIDs", std::vector<std::uint32_t>{pid}},
      // What is below the scope's group, and its control files, are the container's shim's.
      {"Delegate", true},
      // A shutdown stops containers by minidock.service, each as it wants to be stopped.
      {"DefaultDependencies", false},
      // One that failed (out of memory) must not keep its name.
      {"CollectMode", std::string("inactive-or-failed")},
      {"MemoryAccounting", true},
      {"CPUAccounting", true},
      {"IOAccounting", true},
      {"TasksAccounting", true}};
  ResourceLimits all = limits;
  if (!all.pids) all.pids = -1;  // else systemd's own default counts
  for (UnitProperty& limit : limit_properties(all)) properties.push_back(std::move(limit));
  return properties;
}

}  // namespace minidock::runtime
