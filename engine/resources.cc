#include "engine/resources.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <charconv>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/syscall.h"
#include "engine/runtime/cgroup_layout.h"
#include "engine/runtime/systemd_scope.h"

namespace minidock {
namespace {

constexpr char kSystemdDriver[] = "systemd";
constexpr std::int64_t kNanoPerCpu = 1'000'000'000;
constexpr std::int64_t kCpusPeriod = 100'000;  // microseconds: what --cpus is a share of
constexpr std::int64_t kMinimumPeriod = 1'000;
constexpr std::int64_t kMaximumShares = 262'144;
constexpr std::int64_t kMaximumPeriod = 1'000'000;

template <typename... Args>
void require(bool holds, fmt::format_string<Args...> text, Args&&... args) {
  if (!holds) throw Error(ErrorKind::invalid_argument, fmt::format(text, std::forward<Args>(args)...));
}

void check_memory(const Resources& resources) {
  const std::int64_t memory = resources.memory;
  const std::int64_t swap = resources.memory_swap;
  const std::int64_t reservation = resources.memory_reservation;
  require(memory == 0 || memory >= kMinimumMemory, "Minimum memory limit allowed is {}KB", kMinimumMemory >> 10);
  require(memory == 0 || swap <= 0 || swap >= memory,
          "Minimum memoryswap limit should be larger than memory limit, see usage");
  require(memory > 0 || swap <= 0, "You should always set the Memory limit when using Memoryswap limit, see usage");
  require(reservation == 0 || reservation >= kMinimumMemory, "Minimum memory reservation allowed is {}KB",
          kMinimumMemory >> 10);
  require(memory == 0 || reservation <= memory,
          "Minimum memory limit can not be less than memory reservation limit, see usage");
  if (resources.memory_swappiness) {
    require(*resources.memory_swappiness >= 0 && *resources.memory_swappiness <= 100,
            "Invalid value: {}, valid memory swappiness range is 0-100", *resources.memory_swappiness);
  }
}

void check_cpu(const Resources& resources) {
  const bool by_cpus = resources.nano_cpus > 0;
  require(!by_cpus || resources.cpu_period == 0, "Conflicting options: Nano CPUs and CPU Period cannot both be set");
  require(!by_cpus || resources.cpu_quota == 0, "Conflicting options: Nano CPUs and CPU Quota cannot both be set");
  const std::int64_t cpus = ::sysconf(_SC_NPROCESSORS_ONLN);
  require(resources.nano_cpus >= 0 && resources.nano_cpus <= cpus * kNanoPerCpu,
          "Range of CPUs is from 0.01 to {}.00, as there are only {} CPUs available", cpus, cpus);
  require(resources.cpu_shares >= 0, "invalid CPU shares ({}): value must be a positive integer", resources.cpu_shares);
  require(resources.cpu_shares != 1, "the minimum allowed cpu-shares is 2");
  require(resources.cpu_shares <= kMaximumShares, "the maximum allowed cpu-shares is {}", kMaximumShares);
  require(
      resources.cpu_period == 0 || (resources.cpu_period >= kMinimumPeriod && resources.cpu_period <= kMaximumPeriod),
      "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
  require(resources.cpu_quota <= 0 || resources.cpu_quota >= kMinimumPeriod,
          "CPU cfs quota can not be less than 1ms (i.e. 1000)");
  require(resources.cpu_realtime_period == 0 || resources.cpu_realtime_runtime <= resources.cpu_realtime_period,
          "cpu real-time runtime cannot be higher than cpu real-time period");
}

std::optional<unsigned> parse_number(std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "0-2,7" → {0, 1, 2, 7}; nothing when it is malformed.
std::optional<std::set<unsigned>> parse_list(std::string_view text) {
  constexpr unsigned kMost = 8192;
  std::set<unsigned> numbers;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(item.size() + 1, text.size()));
    const std::size_t dash = item.find('-');
    const std::optional<unsigned> first = parse_number(item.substr(0, dash));
    const std::optional<unsigned> last = dash == std::string_view::npos ? first : parse_number(item.substr(dash + 1));
    if (!first || !last || *last < *first || *last > kMost) return std::nullopt;
    for (unsigned number = *first; number <= *last; ++number) numbers.insert(number);
  }
  return numbers;
}

void check_list(const std::string& wanted, const char* what, const char* things, const std::string& online_file) {
  if (wanted.empty()) return;
  const auto numbers = parse_list(wanted);
  require(numbers.has_value(), "Invalid value {} for cpuset {}: invalid format: {}", wanted, what, wanted);
  std::string online = file::read_if_exists(online_file).value_or("0");
  online = online.substr(0, online.find('\n'));
  const auto available = parse_list(online);
  require(available && std::includes(available->begin(), available->end(), numbers->begin(), numbers->end()),
          "Requested {} are not available - requested {}, available: {}", things, wanted, online);
}

void check_block_io(const Resources& resources) {
  require(resources.blkio_weight == 0 || (resources.blkio_weight >= 10 && resources.blkio_weight <= 1000),
          "Range of blkio weight is from 10 to 1000");
}

// ---- what the kernel cannot do

template <typename Value>
void discard(std::vector<std::string>& warnings, bool supported, Value& value, const char* warning) {
  if (supported || value == Value{}) return;
  value = Value{};
  warnings.emplace_back(warning);
}

void discard_memory(std::vector<std::string>& warnings, const runtime::LimitSupport& kernel, Resources& resources) {
  if (!kernel.memory && resources.memory > 0) resources.memory_swap = 0;
  discard(warnings, kernel.memory, resources.memory,
          "Your kernel does not support memory limit capabilities or the cgroup is not mounted. Limitation discarded.");
  if (resources.memory > 0 && resources.memory_swap != -1 && !kernel.swap) {
    resources.memory_swap = -1;
    warnings.emplace_back(
        "Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without "
        "swap.");
  }
  discard(warnings, kernel.memory_swappiness, resources.memory_swappiness,
          "Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness "
          "discarded.");
  discard(warnings, kernel.memory_reservation, resources.memory_reservation,
          "Your kernel does not support memory soft limit capabilities or the cgroup is not mounted. Limitation "
          "discarded.");
  discard(warnings, kernel.disable_oom_killer, resources.oom_kill_disable,
          "Your kernel does not support OomKillDisable. OomKillDisable discarded.");
  if (resources.oom_kill_disable && resources.memory == 0) {
    warnings.emplace_back(
        "Disabling the OOM killer on containers without setting a '-m/--memory' limit may be dangerous.");
    warnings.emplace_back(
        "OOM killer is disabled for the container, but no memory limit is set, this can result in the system running "
        "out of resources.");
  }
}

void discard_cpu(std::vector<std::string>& warnings, const runtime::LimitSupport& kernel, Resources& resources) {
  if (resources.nano_cpus > 0 && !kernel.cpu_quota) {
    throw Error(ErrorKind::unsupported,
                "NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not "
                "mounted");
  }
  if ((resources.cpu_realtime_period != 0 || resources.cpu_realtime_runtime != 0) && !kernel.cpu_realtime) {
    throw Error(ErrorKind::unsupported, "Your kernel does not support CPU real-time scheduler");
  }
  discard(warnings, kernel.cpu_shares, resources.cpu_shares,
          "Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded.");
  if ((resources.cpu_period != 0 || resources.cpu_quota != 0) && !kernel.cpu_quota) {
    resources.cpu_period = resources.cpu_quota = 0;
    warnings.emplace_back("Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.");
  }
  if ((!resources.cpuset_cpus.empty() || !resources.cpuset_mems.empty()) && !kernel.cpuset) {
    resources.cpuset_cpus = resources.cpuset_mems = "";
    warnings.emplace_back("Your kernel does not support cpuset or the cgroup is not mounted. Cpuset discarded.");
  }
}

void discard_block_io(std::vector<std::string>& warnings, const runtime::LimitSupport& kernel, Resources& resources) {
  discard(warnings, kernel.block_io_weight, resources.blkio_weight,
          "Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.");
  const auto discard_list = [&](bool supported, std::vector<DeviceValue>& list, const char* warning) {
    if (supported || list.empty()) return;
    list.clear();
    warnings.emplace_back(warning);
  };
  discard_list(kernel.block_io_weight_device, resources.blkio_weight_device,
               "Your kernel does not support Block I/O weight_device or the cgroup is not mounted. Weight-device "
               "discarded.");
  discard_list(kernel.block_io_throttle, resources.device_read_bps,
               "Your kernel does not support BPS Block I/O read limit or the cgroup is not mounted. Block I/O BPS read "
               "limit discarded.");
  discard_list(kernel.block_io_throttle, resources.device_write_bps,
               "Your kernel does not support BPS Block I/O write limit or the cgroup is not mounted. Block I/O BPS "
               "write limit discarded.");
  discard_list(kernel.block_io_throttle, resources.device_read_iops,
               "Your kernel does not support IOPS Block read limit or the cgroup is not mounted. Block I/O IOPS read "
               "limit discarded.");
  discard_list(kernel.block_io_throttle, resources.device_write_iops,
               "Your kernel does not support IOPS Block write limit or the cgroup is not mounted. Block I/O IOPS write "
               "limit discarded.");
}

// ---- for the runtime

template <typename To, typename From>
std::optional<To> unless_zero(From value) {
  return value == 0 ? std::nullopt : std::optional<To>(static_cast<To>(value));
}

std::vector<runtime::DeviceLimit> device_limits(const std::vector<DeviceValue>& values) {
  std::vector<runtime::DeviceLimit> limits;
  for (const DeviceValue& value : values) {
    struct stat info {};
    if (::stat(value.path.c_str(), &info) != 0) throw SysError(fmt::format("stat {}", value.path));
    if (!S_ISBLK(info.st_mode)) {
      throw Error(ErrorKind::invalid_argument, fmt::format("{} is not a block device", value.path));
    }
    limits.push_back({major(info.st_rdev), minor(info.st_rdev), value.value});
  }
  return limits;
}

void set_cpu(runtime::ResourceLimits& limits, const Resources& resources) {
  limits.cpu_shares = unless_zero<std::uint64_t>(resources.cpu_shares);
  limits.cpu_period = unless_zero<std::uint64_t>(resources.cpu_period);
  limits.cpu_quota = unless_zero<std::int64_t>(resources.cpu_quota);
  if (resources.nano_cpus > 0) {
    limits.cpu_period = kCpusPeriod;
    limits.cpu_quota = resources.nano_cpus * kCpusPeriod / kNanoPerCpu;
  }
  limits.cpu_realtime_period = unless_zero<std::uint64_t>(resources.cpu_realtime_period);
  limits.cpu_realtime_runtime = unless_zero<std::int64_t>(resources.cpu_realtime_runtime);
  limits.cpuset_cpus = resources.cpuset_cpus;
  limits.cpuset_mems = resources.cpuset_mems;
}

}  // namespace

void check_resources(const Resources& resources) {
  check_memory(resources);
  check_cpu(resources);
  check_list(resources.cpuset_cpus, "cpus", "CPUs", "/sys/devices/system/cpu/online");
  check_list(resources.cpuset_mems, "mems", "memory nodes", "/sys/devices/system/node/online");
  check_block_io(resources);
}

std::vector<std::string> discard_unsupported(Resources& resources) {
  std::vector<std::string> warnings;
  if (runtime_limits(resources) == runtime::ResourceLimits{}) return warnings;
  const runtime::LimitSupport kernel = runtime::supported_limits();
  discard_memory(warnings, kernel, resources);
  if (!kernel.pids && resources.pids_limit.value_or(0) > 0) {
    resources.pids_limit.reset();
    warnings.emplace_back(
        "Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.");
  }
  discard_cpu(warnings, kernel, resources);
  discard_block_io(warnings, kernel, resources);
  return warnings;
}

void complete_resources(Resources& resources) {
  if (resources.memory > 0 && resources.memory_swap == 0) resources.memory_swap = resources.memory * 2;
}

runtime::ResourceLimits runtime_limits(const Resources& resources) {
  runtime::ResourceLimits limits;
  limits.memory = unless_zero<std::int64_t>(resources.memory);
  limits.memory_swap = unless_zero<std::int64_t>(resources.memory_swap);
  limits.memory_reservation = unless_zero<std::int64_t>(resources.memory_reservation);
  if (resources.memory_swappiness) limits.memory_swappiness = static_cast<std::uint64_t>(*resources.memory_swappiness);
  limits.disable_oom_killer = resources.oom_kill_disable;
  set_cpu(limits, resources);
  if (resources.pids_limit.value_or(0) != 0) limits.pids = resources.pids_limit;
  limits.block_io_weight = unless_zero<std::uint16_t>(resources.blkio_weight);
  limits.weight_devices = device_limits(resources.blkio_weight_device);
  limits.read_bps = device_limits(resources.device_read_bps);
  limits.write_bps = device_limits(resources.device_write_bps);
  limits.read_iops = device_limits(resources.device_read_iops);
  limits.write_iops = device_limits(resources.device_write_iops);
  return limits;
}

void choose_cgroup_driver(HostConfig& host, bool systemd) {
  host.cgroup_driver = systemd ? kSystemdDriver : "";
  if (systemd && !host.resources.cgroup_parent.empty()) runtime::slice_path(host.resources.cgroup_parent);
}

std::string cgroups_path(const storage::Instance& instance, const ContainerDefinition& definition) {
  const std::string& parent = definition.host.resources.cgroup_parent;
  if (definition.host.cgroup_driver == kSystemdDriver) {
    const std::string slice = runtime::slice_path(parent.empty() ? "system.slice" : parent);
    return path::clean_absolute(fmt::format("{}/minidock-{}.scope", slice, definition.id));
  }
  return path::clean_absolute(fmt::format("/{}/{}", parent.empty() ? instance.cgroup_parent : parent, definition.id));
}

}  // namespace minidock
