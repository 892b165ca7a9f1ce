#include "engine/runtime/cgroup_stats.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/syscall.h"
#include "engine/runtime/cgroup_layout.h"
#include "engine/runtime/cgroup_v1.h"
#include "engine/runtime/cgroup_v2.h"

namespace minidock::runtime {
namespace {

constexpr std::uint64_t kNano = 1'000'000'000;
// v1 says "no limit" with the largest number of whole pages.
constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 62;

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; (at = text.find_first_not_of(" \t\n", at)) != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(" \t\n", at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::optional<std::uint64_t> to_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return number;
}

std::uint64_t at_or_zero(const std::map<std::string, std::uint64_t>& values, const std::string& key) {
  const auto found = values.find(key);
  return found == values.end() ? 0 : found->second;
}

std::optional<std::uint64_t> control_number(int group, const std::string& name) {
  return to_number(read_control_file(group, name));
}

// Where one controller counts this container: a v1 group of its own, its v2 group, or nowhere.
class Groups {
 public:
  Groups(pid_t pid, const std::string& path)
      : path_(path),
        layout_(read_cgroup_layout()),
        memberships_(file::read_if_exists(fmt::format("/proc/{}/cgroup", pid)).value_or("")),
        v2_(open_v2_cgroup(path)) {}

  int v2() const { return v2_.get(); }
  // Invalid when the container shares its group with others.
  Fd v1(const std::string& controller) const {
    const auto mount = layout_.v1.find(controller);
    if (mount == layout_.v1.end() || v1_group_of(memberships_, controller) != path_) return Fd();
    return sys::openat_unless(AT_FDCWD, mount->second + path_, O_RDONLY | O_DIRECTORY, 0, ENOENT);
  }
  std::vector<pid_t> processes() const { return v2_ ? processes_of_cgroup(v2_.get()) : std::vector<pid_t>(); }

 private:
  std::string path_;
  CgroupLayout layout_;
  std::string memberships_;
  Fd v2_;
};

void add_v1_cpu(const Groups& groups, CpuUse& use) {
  if (const Fd accounting = groups.v1("cpuacct")) {
    use.total = control_number(accounting.get(), "cpuacct.usage").value_or(0);
    use.user = control_number(accounting.get(), "cpuacct.usage_user").value_or(0);
    use.system = control_number(accounting.get(), "cpuacct.usage_sys").value_or(0);
    const std::string per_cpu = read_control_file(accounting.get(), "cpuacct.usage_percpu");
    for (const std::string_view word : words_of(per_cpu)) use.per_cpu.push_back(to_number(word).value_or(0));
  }
  if (const Fd cpu = groups.v1("cpu")) {
    const auto values = parse_flat_keyed(read_control_file(cpu.get(), "cpu.stat"));
    use.periods = at_or_zero(values, "nr_periods");
    use.throttled_periods = at_or_zero(values, "nr_throttled");
    use.throttled_time = at_or_zero(values, "throttled_time");
  }
}

// cpu.stat of v2 tells the times in microseconds, also without the controller.
CpuUse read_cpu(const Groups& groups) {
  const auto values = parse_flat_keyed(read_control_file(groups.v2(), "cpu.stat"));
  CpuUse use;
  use.total = at_or_zero(values, "usage_usec") * 1000;
  use.user = at_or_zero(values, "user_usec") * 1000;
  use.system = at_or_zero(values, "system_usec") * 1000;
  use.periods = at_or_zero(values, "nr_periods");
  use.throttled_periods = at_or_zero(values, "nr_throttled");
  use.throttled_time = at_or_zero(values, "throttled_usec") * 1000;
  add_v1_cpu(groups, use);
  return use;
}

MemoryUse read_v1_memory(int group) {
  MemoryUse use;
  use.is_v1 = true;
  use.usage = control_number(group, "memory.usage_in_bytes").value_or(0);
  use.max_usage = control_number(group, "memory.max_usage_in_bytes").value_or(0);
  use.failures = control_number(group, "memory.failcnt").value_or(0);
  use.limit = control_number(group, "memory.limit_in_bytes");
  if (use.limit.value_or(0) >= kNoLimit) use.limit.reset();
  use.stats = parse_flat_keyed(read_control_file(group, "memory.stat"));
  return use;
}

MemoryUse read_v2_memory(int group, std::uint64_t usage) {
  MemoryUse use;
  use.usage = usage;
  use.max_usage = control_number(group, "memory.peak").value_or(0);
  use.failures = at_or_zero(parse_flat_keyed(read_control_file(group, "memory.events")), "max");
  use.limit = control_number(group, "memory.max");  // "max" is no number
  use.stats = parse_flat_keyed(read_control_file(group, "memory.stat"));
  return use;
}

// No controller counts: each process's share of the memory that it has mapped.
std::uint64_t proportional_memory(const std::vector<pid_t>& processes) {
  constexpr std::string_view kKey = "\nPss:";
  std::uint64_t bytes = 0;
  for (const pid_t pid : processes) {
    const std::string text = file::read_if_exists(fmt::format("/proc/{}/smaps_rollup", pid)).value_or("");
    const std::size_t at = text.find(kKey);
    if (at == std::string::npos) continue;
    const auto words = words_of(std::string_view(text).substr(at + kKey.size()));
    if (!words.empty()) bytes += to_number(words.front()).value_or(0) * 1024;
  }
  return bytes;
}

MemoryUse read_memory(const Groups& groups) {
  if (const Fd v1 = groups.v1("memory")) return read_v1_memory(v1.get());
  if (const auto usage = control_number(groups.v2(), "memory.current")) return read_v2_memory(groups.v2(), *usage);
  MemoryUse use;
  use.usage = proportional_memory(groups.processes());
  return use;
}

// Without a controller: what the living processes have moved.
BlockIoUse io_of_processes(const std::vector<pid_t>& processes) {
  BlockIoUse use;
  for (const pid_t pid : processes) {
    const auto values = parse_flat_keyed(file::read_if_exists(fmt::format("/proc/{}/io", pid)).value_or(""));
    use.read_bytes += at_or_zero(values, "read_bytes:");
    use.written_bytes += at_or_zero(values, "write_bytes:");
  }
  return use;
}

BlockIoUse read_block_io(const Groups& groups) {
  if (const Fd v1 = groups.v1("blkio")) {
    return parse_v1_block_io(read_control_file(v1.get(), "blkio.throttle.io_service_bytes_recursive"),
                             read_control_file(v1.get(), "blkio.throttle.io_serviced_recursive"));
  }
  const bool counted = groups.v2() >= 0 && ::faccessat(groups.v2(), "io.stat", R_OK, 0) == 0;
  return counted ? parse_io_stat(read_control_file(groups.v2(), "io.stat")) : io_of_processes(groups.processes());
}

std::uint64_t count_threads(const std::vector<pid_t>& processes) {
  std::uint64_t threads = 0;
  for (const pid_t pid : processes) {
    const std::string text = file::read_if_exists(fmt::format("/proc/{}/status", pid)).value_or("");
    const std::size_t at = text.find("\nThreads:");
    if (at != std::string::npos) threads += to_number(words_of(std::string_view(text).substr(at)).at(1)).value_or(0);
  }
  return threads;
}

void read_pids(const Groups& groups, ContainerUse& use) {
  const Fd v1 = groups.v1("pids");
  const int group = v1 ? v1.get() : groups.v2();
  const std::optional<std::uint64_t> counted = control_number(group, "pids.current");
  use.pids = counted ? *counted : count_threads(groups.processes());
  use.pids_limit = control_number(group, "pids.max");
}

}  // namespace

std::uint64_t MemoryUse::without_inactive_files() const {
  const std::uint64_t cache = at_or_zero(stats, is_v1 ? "total_inactive_file" : "inactive_file");
  return cache < usage ? usage - cache : usage;
}

ContainerUse read_container_use(pid_t pid, const std::string& cgroups_path) {
  const Groups groups(pid, cgroups_path);
  ContainerUse use;
  use.cpu = read_cpu(groups);
  use.memory = read_memory(groups);
  use.block_io = read_block_io(groups);
  read_pids(groups, use);
  use.networks = parse_net_dev(file::read_if_exists(fmt::format("/proc/{}/net/dev", pid)).value_or(""));
  return use;
}

MachineCpu read_machine_cpu() {
  return parse_machine_cpu(file::read("/proc/stat"), static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)));
}

std::map<std::string, std::uint64_t> parse_flat_keyed(std::string_view text) {
  std::map<std::string, std::uint64_t> values;
  for (const std::string_view line : lines_of(text)) {
    const auto words = words_of(line);
    const auto number = words.size() == 2 ? to_number(words[1]) : std::nullopt;
    if (number) values.emplace(words[0], *number);
  }
  return values;
}

std::map<std::string, NetworkUse> parse_net_dev(std::string_view text) {
  std::map<std::string, NetworkUse> networks;
  for (const std::string_view line : lines_of(text)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;  // the two lines of titles
    const auto name = words_of(line.substr(0, colon));
    const auto words = words_of(line.substr(colon + 1));
    if (name.size() != 1 || name[0] == "lo" || words.size() < 12) continue;
    const auto number = [&](std::size_t index) { return to_number(words[index]).value_or(0); };
    networks[std::string(name[0])] =
        NetworkUse{number(0), number(1), number(2), number(3), number(8), number(9), number(10), number(11)};
  }
  return networks;
}

// "254:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0"
BlockIoUse parse_io_stat(std::string_view text) {
  BlockIoUse use;
  for (const std::string_view word : words_of(text)) {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = word.substr(0, equals);
    const std::uint64_t number = to_number(word.substr(equals + 1)).value_or(0);
    if (key == "rbytes") use.read_bytes += number;
    if (key == "wbytes") use.written_bytes += number;
    if (key == "rios") use.reads += number;
    if (key == "wios") use.writes += number;
  }
  return use;
}

// "254:0 Read 1\n254:0 Write 2\n…\nTotal 3\n"
BlockIoUse parse_v1_block_io(std::string_view bytes, std::string_view operations) {
  const auto sum = [](std::string_view text, std::string_view kind) {
    std::uint64_t total = 0;
    for (const std::string_view line : lines_of(text)) {
      const auto words = words_of(line);
      if (words.size() == 3 && words[1] == kind) total += to_number(words[2]).value_or(0);
    }
    return total;
  };
  return BlockIoUse{sum(bytes, "Read"), sum(bytes, "Write"), sum(operations, "Read"), sum(operations, "Write")};
}

MachineCpu parse_machine_cpu(std::string_view proc_stat, std::uint64_t ticks_per_second) {
  MachineCpu machine;
  for (const std::string_view line : lines_of(proc_stat)) {
    const auto words = words_of(line);
    if (words.empty() || !words[0].starts_with("cpu")) continue;
    if (words[0] != "cpu") {
      ++machine.cpus;
      continue;
    }
    // user nice system idle iowait irq softirq, as docker counts.
    for (std::size_t i = 1; i < std::min<std::size_t>(words.size(), 8); ++i) {
      machine.total += to_number(words[i]).value_or(0) * (kNano / ticks_per_second);
    }
  }
  return machine;
}

}  // namespace minidock::runtime
