// What a running container uses, as the kernel counts it: in its v1 groups where it has limits there, in its v2 group,
// and by its processes where no controller counts.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace minidock::runtime {

struct CpuUse {
  std::uint64_t total = 0;  // nanoseconds, as all times here
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  std::vector<std::uint64_t> per_cpu;  // v1 only
  std::uint64_t periods = 0;           // of the quota
  std::uint64_t throttled_periods = 0;
  std::uint64_t throttled_time = 0;
};

struct MemoryUse {
  std::uint64_t usage = 0;                     // bytes
  std::uint64_t max_usage = 0;                 // 0: not counted
  std::uint64_t failures = 0;                  // how often the limit was hit
  std::optional<std::uint64_t> limit;          // nothing: none
  std::map<std::string, std::uint64_t> stats;  // memory.stat; empty where no controller counts
  bool is_v1 = false;

  // docker's figure: without the page cache that would go first.
  std::uint64_t without_inactive_files() const;
};

struct BlockIoUse {
  std::uint64_t read_bytes = 0;
  std::uint64_t written_bytes = 0;
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;
};

struct NetworkUse {
  std::uint64_t rx_bytes = 0, rx_packets = 0, rx_errors = 0, rx_dropped = 0;
  std::uint64_t tx_bytes = 0, tx_packets = 0, tx_errors = 0, tx_dropped = 0;
};

struct ContainerUse {
  CpuUse cpu;
  MemoryUse memory;
  std::uint64_t pids = 0;  // threads, as the kernel's controller counts
  std::optional<std::uint64_t> pids_limit;
  BlockIoUse block_io;
  std::map<std::string, NetworkUse> networks;  // interface (without lo) → counters
};

// `pid`: the main process. Fields of a container that ends meanwhile are zero.
ContainerUse read_container_use(pid_t pid, const std::string& cgroups_path);

// CPU time that all CPUs of the machine have spent, idle included, in nanoseconds, and their number.
struct MachineCpu {
  std::uint64_t total = 0;
  unsigned cpus = 0;
};
MachineCpu read_machine_cpu();

// Parsers of the kernel's texts.
std::map<std::string, std::uint64_t> parse_flat_keyed(std::string_view text);       // "key 1\nother 2\n"
std::map<std::string, NetworkUse> parse_net_dev(std::string_view text);             // /proc/PID/net/dev
BlockIoUse parse_io_stat(std::string_view text);                                    // v2 io.stat
BlockIoUse parse_v1_block_io(std::string_view bytes, std::string_view operations);  // blkio.throttle.io_service*
MachineCpu parse_machine_cpu(std::string_view proc_stat, std::uint64_t ticks_per_second);

}  // namespace minidock::runtime
