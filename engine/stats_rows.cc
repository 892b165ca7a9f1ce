#include "engine/stats_rows.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "base/format.h"

namespace minidock {
namespace {

constexpr std::size_t kShortId = 12;
constexpr int kSizeDigits = 3;  // of network and block I/O

double machine_memory() {
  return static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

// A limit above what the machine has is none.
double memory_limit(const UseSample& sample) {
  if (!sample.running) return 0;
  const double machine = machine_memory();
  return sample.use.memory.limit ? std::min(static_cast<double>(*sample.use.memory.limit), machine) : machine;
}

std::string pair_of(std::uint64_t first, std::uint64_t second) {
  return fmt::format("{} / {}", format::human_size(static_cast<double>(first), kSizeDigits),
                     format::human_size(static_cast<double>(second), kSizeDigits));
}

std::string network_text(const UseSample& sample) {
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  for (const auto& [name, network] : sample.use.networks) {
    received += network.rx_bytes;
    sent += network.tx_bytes;
  }
  return pair_of(received, sent);
}

}  // namespace

std::string binary_size(double bytes) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"};
  std::size_t unit = 0;
  while (bytes >= 1024.0 && unit + 1 < units.size()) {
    bytes /= 1024.0;
    ++unit;
  }
  return fmt::format("{:.4g}{}", bytes, units[unit]);
}

double cpu_percent(const UseSample& before, const UseSample& now) {
  const double spent = static_cast<double>(now.use.cpu.total) - static_cast<double>(before.use.cpu.total);
  const double passed = static_cast<double>(now.machine.total) - static_cast<double>(before.machine.total);
  if (!before.running || !now.running || spent <= 0 || passed <= 0) return 0;
  return spent / passed * now.machine.cpus * 100.0;
}

OrderedJson stats_headers() {
  return OrderedJson{{"BlockIO", "BLOCK I/O"}, {"CPUPerc", "CPU %"}, {"Container", "CONTAINER"},
                     {"ID", "CONTAINER ID"},   {"MemPerc", "MEM %"}, {"MemUsage", "MEM USAGE / LIMIT"},
                     {"Name", "NAME"},         {"NetIO", "NET I/O"}, {"PIDs", "PIDS"}};
}

OrderedJson stats_row(const std::string& container, const UseSample& before, const UseSample& now, bool truncate) {
  const double used = static_cast<double>(now.use.memory.without_inactive_files());
  const double limit = memory_limit(now);
  return OrderedJson{{"BlockIO", pair_of(now.use.block_io.read_bytes, now.use.block_io.written_bytes)},
                     {"CPUPerc", fmt::format("{:.2f}%", cpu_percent(before, now))},
                     {"Container", container},
                     {"ID", truncate ? now.id.substr(0, kShortId) : now.id},
                     {"MemPerc", fmt::format("{:.2f}%", limit > 0 ? used / limit * 100.0 : 0.0)},
                     {"MemUsage", fmt::format("{} / {}", binary_size(used), binary_size(limit))},
                     {"Name", now.name},
                     {"NetIO", network_text(now)},
                     {"PIDs", fmt::format("{}", now.use.pids)}};
}

OrderedJson unknown_stats_row(const std::string& container) {
  return OrderedJson{{"BlockIO", "--"}, {"CPUPerc", "--"}, {"Container", container},
                     {"ID", "--"},      {"MemPerc", "--"}, {"MemUsage", "-- / --"},
                     {"Name", "--"},    {"NetIO", "--"},   {"PIDs", "--"}};
}

}  // namespace minidock
