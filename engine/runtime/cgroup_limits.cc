#include "engine/runtime/cgroup_limits.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "base/syscall.h"

namespace minidock::runtime {
namespace {

using Settings = std::vector<ControlSetting>;

constexpr std::uint64_t kMinShares = 2;
constexpr std::uint64_t kMaxShares = 262144;
constexpr std::uint64_t kDefaultPeriod = 100'000;  // microseconds

template <typename Number>
void add(Settings& settings, const char* controller, const char* file, const std::optional<Number>& value) {
  if (value) settings.push_back({controller, file, fmt::format("{}", *value), {}, {}});
}

void add_text(Settings& settings, const char* controller, const char* file, const std::string& text) {
  if (!text.empty()) settings.push_back({controller, file, text, {}, {}});
}

// v1 and v2 write "no limit" in their own ways.
std::string or_max(std::int64_t value, bool is_unlimited) { return is_unlimited ? "max" : fmt::format("{}", value); }

void add_devices(Settings& settings, const char* file, const char* key, const std::vector<DeviceLimit>& limits) {
  const char* controller = std::string_view(file).starts_with("io.") ? "io" : "blkio";
  for (const DeviceLimit& limit : limits) {
    settings.push_back(
        {controller, file, fmt::format("{}:{} {}{}", limit.major, limit.minor, key, limit.value), {}, {}});
  }
}

void add_v1_memory(Settings& settings, const ResourceLimits& limits) {
  add(settings, "memory", "memory.limit_in_bytes", limits.memory);
  // Without a limit on memory none on memory and swap together would make sense.
  const bool lifts_both = limits.memory == -1 && !limits.memory_swap;
  add(settings, "memory", "memory.memsw.limit_in_bytes",
      lifts_both ? std::optional<std::int64_t>(-1) : limits.memory_swap);
  add(settings, "memory", "memory.soft_limit_in_bytes", limits.memory_reservation);
  add(settings, "memory", "memory.swappiness", limits.memory_swappiness);
  if (limits.disable_oom_killer) settings.push_back({"memory", "memory.oom_control", "1", {}, {}});
}

void add_v1_block_io(Settings& settings, const ResourceLimits& limits) {
  if (limits.block_io_weight) {
    const std::string weight = fmt::format("{}", *limits.block_io_weight);
    settings.push_back({"blkio", "blkio.weight", weight, "blkio.bfq.weight", weight});
  }
  for (const DeviceLimit& limit : limits.weight_devices) {
    const std::string text = fmt::format("{}:{} {}", limit.major, limit.minor, limit.value);
    settings.push_back({"blkio", "blkio.weight_device", text, "blkio.bfq.weight_device", text});
  }
  add_devices(settings, "blkio.throttle.read_bps_device", "", limits.read_bps);
  add_devices(settings, "blkio.throttle.write_bps_device", "", limits.write_bps);
  add_devices(settings, "blkio.throttle.read_iops_device", "", limits.read_iops);
  add_devices(settings, "blkio.throttle.write_iops_device", "", limits.write_iops);
}

void add_v2_memory(Settings& settings, const ResourceLimits& limits) {
  if (limits.memory) {
    settings.push_back({"memory", "memory.max", or_max(*limits.memory, *limits.memory == -1), {}, {}});
  }
  if (limits.memory_swap) {
    const std::int64_t swap = *limits.memory_swap - std::max<std::int64_t>(limits.memory.value_or(0), 0);
    settings.push_back({"memory", "memory.swap.max", or_max(swap, *limits.memory_swap == -1), {}, {}});
  }
  add(settings, "memory", "memory.low", limits.memory_reservation);
}

void add_v2_cpu(Settings& settings, const ResourceLimits& limits) {
  if (limits.cpu_shares) add(settings, "cpu", "cpu.weight", std::optional(cpu_weight(*limits.cpu_shares)));
  if (limits.cpu_quota || limits.cpu_period) {
    const std::int64_t quota = limits.cpu_quota.value_or(-1);
    add_text(settings, "cpu", "cpu.max",
             fmt::format("{} {}", or_max(quota, quota <= 0), limits.cpu_period.value_or(kDefaultPeriod)));
  }
}

void add_v2_block_io(Settings& settings, const ResourceLimits& limits) {
  if (limits.block_io_weight) {
    settings.push_back({"io", "io.bfq.weight", fmt::format("{}", *limits.block_io_weight), "io.weight",
                        fmt::format("{}", io_weight(*limits.block_io_weight))});
  }
  for (const DeviceLimit& limit : limits.weight_devices) {
    settings.push_back({"io", "io.bfq.weight", fmt::format("{}:{} {}", limit.major, limit.minor, limit.value),
                        "io.weight", fmt::format("{}:{} {}", limit.major, limit.minor, io_weight(limit.value))});
  }
  add_devices(settings, "io.max", "rbps=", limits.read_bps);
  add_devices(settings, "io.max", "wbps=", limits.write_bps);
  add_devices(settings, "io.max", "riops=", limits.read_iops);
  add_devices(settings, "io.max", "wiops=", limits.write_iops);
}

// Opens the setting's file, or the other one; `value` is what goes there. Invalid when neither exists, and nothing was
// to be limited: a kernel that does not account swap does not limit it.
Fd open_control(int group, const ControlSetting& setting, std::string& value) {
  Fd control = sys::openat_unless(group, setting.file, O_WRONLY, 0, ENOENT);
  value = setting.value;
  if (!control && !setting.other_file.empty()) {
    control = sys::openat_unless(group, setting.other_file, O_WRONLY, 0, ENOENT);
    value = setting.other_value;
  }
  if (!control && value != "max" && value != "-1") {
    throw Error(ErrorKind::unsupported, fmt::format("this kernel has no {}", setting.file));
  }
  return control;
}

void write_setting(int group, const ControlSetting& setting) {
  std::string value;
  const Fd control = open_control(group, setting, value);
  if (!control) return;
  try {
    sys::write_all(control.get(), value);
  } catch (const SysError& error) {
    throw SysError(error.error_number(), fmt::format("cannot set {} to \"{}\"", setting.file, value));
  }
}

}  // namespace

std::uint64_t cpu_weight(std::uint64_t shares) {
  return 1 + (std::clamp(shares, kMinShares, kMaxShares) - kMinShares) * 9999 / (kMaxShares - kMinShares);
}

std::uint64_t io_weight(std::uint64_t weight) {
  return 1 + (std::clamp<std::uint64_t>(weight, 10, 1000) - 10) * 9999 / 990;
}

std::vector<ControlSetting> v1_settings(const ResourceLimits& limits) {
  Settings settings;
  add_v1_memory(settings, limits);
  add(settings, "cpu", "cpu.shares", limits.cpu_shares);
  add(settings, "cpu", "cpu.cfs_period_us", limits.cpu_period);
  add(settings, "cpu", "cpu.cfs_quota_us", limits.cpu_quota);
  add(settings, "cpu", "cpu.rt_period_us", limits.cpu_realtime_period);
  add(settings, "cpu", "cpu.rt_runtime_us", limits.cpu_realtime_runtime);
  add_text(settings, "cpuset", "cpuset.cpus", limits.cpuset_cpus);
  add_text(settings, "cpuset", "cpuset.mems", limits.cpuset_mems);
  if (limits.pids) add_text(settings, "pids", "pids.max", or_max(*limits.pids, *limits.pids <= 0));
  add_v1_block_io(settings, limits);
  return settings;
}

std::vector<ControlSetting> v2_settings(const ResourceLimits& limits) {
  Settings settings;
  add_v2_memory(settings, limits);
  add_v2_cpu(settings, limits);
  add_text(settings, "cpuset", "cpuset.cpus", limits.cpuset_cpus);
  add_text(settings, "cpuset", "cpuset.mems", limits.cpuset_mems);
  if (limits.pids) add_text(settings, "pids", "pids.max", or_max(*limits.pids, *limits.pids <= 0));
  add_v2_block_io(settings, limits);
  return settings;
}

void write_settings(int group, const std::vector<ControlSetting>& settings) {
  for (std::size_t i = 0; i < settings.size(); ++i) {
    try {
      write_setting(group, settings[i]);
    } catch (const Error& error) {
      // v1 keeps memory <= memory and swap at every moment: a raised limit is told in the other order.
      const bool is_raised = error.error_number() == EINVAL && settings[i].file == "memory.limit_in_bytes" &&
                             i + 1 < settings.size() && settings[i + 1].file == "memory.memsw.limit_in_bytes";
      if (!is_raised) throw;
      write_setting(group, settings[i + 1]);
      write_setting(group, settings[i]);
      ++i;
    }
  }
}

}  // namespace minidock::runtime
