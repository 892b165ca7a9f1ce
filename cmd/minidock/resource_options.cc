#include "cmd/minidock/resource_options.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/format.h"
#include "cmd/minidock/command.h"

namespace minidock::cmd {
namespace {

// Understands one value of a flag; throws Error with the reason alone.
using Parser = std::function<void(const std::string& value)>;

[[noreturn]] void refuse(const std::string& reason) { throw Error(ErrorKind::invalid_argument, reason); }

// "-m,--memory" → "-m, --memory", as docker's messages name a flag.
std::string shown(std::string names) {
  if (const std::size_t comma = names.find(','); comma != std::string::npos) names.insert(comma + 1, " ");
  return names;
}

CLI::Option* add(CLI::App& app, const std::string& names, const char* help, const Parser& parse) {
  const auto callback = [names, parse](const CLI::results_t& values) {
    for (const std::string& value : values) {
      try {
        parse(value);
      } catch (const UsageError&) {
        throw;
      } catch (const Error& error) {
        throw UsageError(
            fmt::format("invalid argument \"{}\" for \"{}\" flag: {}", value, shown(names), error.message()));
      }
    }
    return true;
  };
  return app.add_option(names, callback, help)->type_size(1)->allow_extra_args(false);
}

void add_one(CLI::App& app, const std::string& names, const char* help, const Parser& parse) {
  add(app, names, help, parse)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void add_many(CLI::App& app, const std::string& names, const char* help, const Parser& parse) {
  add(app, names, help, parse)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

// ---- values

std::int64_t parse_integer(const std::string& text) {
  std::int64_t number = 0;
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(begin, end, number);
  if (error == std::errc::result_out_of_range)
    refuse(fmt::format("strconv.ParseInt: parsing \"{}\": value out of range", text));
  if (error != std::errc() || at != end) refuse(fmt::format("strconv.ParseInt: parsing \"{}\": invalid syntax", text));
  return number;
}

// "1.5" → 1'500'000'000, without the rounding of a floating-point number.
std::int64_t parse_cpus(const std::string& text) {
  constexpr std::size_t kDigits = 9;
  const std::size_t point = text.find('.');
  const std::string whole = text.substr(0, point);
  std::string fraction = point == std::string::npos ? "" : text.substr(point + 1);
  const bool is_number = whole.size() + fraction.size() > 0 &&
                         (whole + fraction).find_first_not_of("0123456789") == std::string::npos && whole.size() <= 9;
  if (!is_number) refuse(fmt::format("failed to parse {} as a rational number", text));
  fraction.erase(fraction.find_last_not_of('0') + 1);
  if (fraction.size() > kDigits) refuse("value is too precise");
  fraction.resize(kDigits, '0');
  return std::stoll(whole + fraction);
}

struct DeviceText {
  std::string path;
  std::string value;
};

// "/dev/sda:1mb"
DeviceText split_device(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) refuse(fmt::format("bad format: {}", text));
  if (!text.starts_with("/dev/")) refuse(fmt::format("bad format for device path: {}", text));
  return {text.substr(0, colon), text.substr(colon + 1)};
}

std::optional<std::uint64_t> parse_positive(const std::string& text) {
  std::uint64_t number = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || at != text.data() + text.size()) return std::nullopt;
  return number;
}

DeviceValue parse_device_weight(const std::string& text) {
  const DeviceText device = split_device(text);
  const std::optional<std::uint64_t> weight = parse_positive(device.value);
  if (!weight || (*weight > 0 && (*weight < 10 || *weight > 1000)))
    refuse(fmt::format("invalid weight for device: {}", text));
  return {device.path, *weight};
}

DeviceValue parse_device_bytes(const std::string& text) {
  const DeviceText device = split_device(text);
  try {
    return {device.path, static_cast<std::uint64_t>(format::parse_ram_bytes(device.value))};
  } catch (const Error&) {
    refuse(
        fmt::format("invalid rate for device: {}. The correct format is <device-path>:<number>[<unit>]. Number must "
                    "be a positive integer. Unit is optional and can be kb, mb, or gb",
                    text));
  }
}

DeviceValue parse_device_operations(const std::string& text) {
  const DeviceText device = split_device(text);
  const std::optional<std::uint64_t> rate = parse_positive(device.value);
  if (!rate) {
    refuse(
        fmt::format("invalid rate for device: {}. The correct format is <device-path>:<number>. Number must be a "
                    "positive integer",
                    text));
  }
  return {device.path, *rate};
}

std::int64_t parse_swappiness(const std::string& text) {
  const std::int64_t value = parse_integer(text);
  if (value < -1 || value > 100) {
    throw UsageError(fmt::format("invalid value: {}. Valid memory swappiness range is 0-100", value));
  }
  return value;
}

// ---- kinds of flags

Parser bytes_into(std::int64_t& field) {
  return [&field](const std::string& value) { field = format::parse_ram_bytes(value); };
}

Parser integer_into(std::int64_t& field) {
  return [&field](const std::string& value) { field = parse_integer(value); };
}

Parser text_into(std::string& field) {
  return [&field](const std::string& value) { field = value; };
}

Parser device_into(std::vector<DeviceValue>& list, DeviceValue (*parse)(const std::string&)) {
  return [&list, parse](const std::string& value) { list.push_back(parse(value)); };
}

}  // namespace

void add_updatable_resource_options(CLI::App& app, Resources& resources) {
  add_one(app, "-m,--memory", "Memory limit", bytes_into(resources.memory));
  add_one(app, "--memory-swap", "Swap limit equal to memory plus swap: '-1' to enable unlimited swap",
          [&resources](const std::string& value) {
            resources.memory_swap = value == "-1" ? -1 : format::parse_ram_bytes(value);
          });
  add_one(app, "--memory-reservation", "Memory soft limit", bytes_into(resources.memory_reservation));
  add_one(app, "--kernel-memory", "Deprecated and without effect: kernel memory is part of --memory",
          [](const std::string& value) {
            format::parse_ram_bytes(value);
            fmt::print(
                stderr,
                "WARNING: Specifying a kernel memory limit is deprecated and will be removed in a future release. "
                "It is part of --memory.\n");
          });
  add_one(app, "--cpus", "Number of CPUs",
          [&resources](const std::string& value) { resources.nano_cpus = parse_cpus(value); });
  add_one(app, "-c,--cpu-shares", "CPU shares (relative weight)", integer_into(resources.cpu_shares));
  add_one(app, "--cpu-period", "Limit CPU CFS (Completely Fair Scheduler) period", integer_into(resources.cpu_period));
  add_one(app, "--cpu-quota", "Limit CPU CFS (Completely Fair Scheduler) quota", integer_into(resources.cpu_quota));
  add_one(app, "--cpu-rt-period", "Limit CPU real-time period in microseconds",
          integer_into(resources.cpu_realtime_period));
  add_one(app, "--cpu-rt-runtime", "Limit CPU real-time runtime in microseconds",
          integer_into(resources.cpu_realtime_runtime));
  add_one(app, "--cpuset-cpus", "CPUs in which to allow execution (0-3, 0,1)", text_into(resources.cpuset_cpus));
  add_one(app, "--cpuset-mems", "MEMs in which to allow execution (0-3, 0,1)", text_into(resources.cpuset_mems));
  add_one(app, "--pids-limit", "Tune container pids limit (set -1 for unlimited)",
          [&resources](const std::string& value) { resources.pids_limit = parse_integer(value); });
  add_one(app, "--blkio-weight", "Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)",
          [&resources](const std::string& value) {
            const std::optional<std::uint64_t> weight = parse_positive(value);
            if (!weight) refuse(fmt::format("strconv.ParseUint: parsing \"{}\": invalid syntax", value));
            if (*weight > 65535) refuse(fmt::format("strconv.ParseUint: parsing \"{}\": value out of range", value));
            resources.blkio_weight = static_cast<int>(*weight);
          });
}

void add_resource_options(CLI::App& app, Resources& resources) {
  add_updatable_resource_options(app, resources);
  add_one(app, "--memory-swappiness", "Tune container memory swappiness (0 to 100) (default -1)",
          [&resources](const std::string& value) {
            const std::int64_t swappiness = parse_swappiness(value);
            resources.memory_swappiness = swappiness == -1 ? std::nullopt : std::optional(swappiness);
          });
  app.add_flag("--oom-kill-disable", resources.oom_kill_disable, "Disable OOM Killer");
  add_many(app, "--blkio-weight-device", "Block IO weight (relative device weight)",
           device_into(resources.blkio_weight_device, parse_device_weight));
  add_many(app, "--device-read-bps", "Limit read rate (bytes per second) from a device",
           device_into(resources.device_read_bps, parse_device_bytes));
  add_many(app, "--device-write-bps", "Limit write rate (bytes per second) to a device",
           device_into(resources.device_write_bps, parse_device_bytes));
  add_many(app, "--device-read-iops", "Limit read rate (IO per second) from a device",
           device_into(resources.device_read_iops, parse_device_operations));
  add_many(app, "--device-write-iops", "Limit write rate (IO per second) to a device",
           device_into(resources.device_write_iops, parse_device_operations));
  add_one(app, "--cgroup-parent", "Optional parent cgroup for the container", text_into(resources.cgroup_parent));
}

}  // namespace minidock::cmd
