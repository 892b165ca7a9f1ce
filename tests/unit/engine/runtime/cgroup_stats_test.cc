// The kernel's texts about what a container uses.
#include "engine/runtime/cgroup_stats.h"

#include <gmock/gmock.h>

namespace minidock::runtime {
namespace {

TEST(CgroupStatsTest, FlatKeyedFiles) {
  const auto values = parse_flat_keyed("usage_usec 12\nuser_usec 7\nbroken\nmax x\nlast 18446744073709551615");
  EXPECT_EQ(values.size(), 3U);
  EXPECT_EQ(values.at("usage_usec"), 12U);
  EXPECT_EQ(values.at("last"), 18446744073709551615U);
}

TEST(CgroupStatsTest, NetworkCountersWithoutLoopback) {
  const auto networks = parse_net_dev(
      "Inter-|   Receive                                                |  Transmit\n"
      " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier "
      "compressed\n"
      "    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0 "
      "  "
      "       0\n"
      "  eth0:1000 10 1 2 0 0 0 0 2000 20 3 4 0 0 0 0\n");
  ASSERT_EQ(networks.size(), 1U);
  const NetworkUse& use = networks.at("eth0");
  EXPECT_EQ(use.rx_bytes, 1000U);
  EXPECT_EQ(use.rx_dropped, 2U);
  EXPECT_EQ(use.tx_bytes, 2000U);
  EXPECT_EQ(use.tx_errors, 3U);
}

TEST(CgroupStatsTest, BlockIoOfBothVersions) {
  const BlockIoUse v2 = parse_io_stat(
      "254:0 rbytes=100 wbytes=20 rios=3 wios=4 dbytes=9 dios=9\n8:0 rbytes=1 wbytes=2 rios=1 wios=1 dbytes=0 "
      "dios=0\n");
  EXPECT_EQ(v2.read_bytes, 101U);
  EXPECT_EQ(v2.written_bytes, 22U);
  EXPECT_EQ(v2.reads, 4U);
  EXPECT_EQ(v2.writes, 5U);
  const BlockIoUse v1 = parse_v1_block_io("254:0 Read 10\n254:0 Write 20\n254:0 Sync 5\n8:0 Read 1\nTotal 36\n",
                                          "254:0 Read 2\n254:0 Write 3\nTotal 5\n");
  EXPECT_EQ(v1.read_bytes, 11U);
  EXPECT_EQ(v1.written_bytes, 20U);
  EXPECT_EQ(v1.reads, 2U);
  EXPECT_EQ(v1.writes, 3U);
}

TEST(CgroupStatsTest, MachinesCpuTimeIsTheSumOfSevenColumns) {
  const MachineCpu machine = parse_machine_cpu(
      "cpu  1 2 3 4 5 6 7 800 900 1000\ncpu0 1 1 1 1 1 1 1 0 0 0\ncpu1 0 1 2 3 4 5 6 0 0 0\nintr 5\n", 100);
  EXPECT_EQ(machine.total, 28U * 10'000'000U);
  EXPECT_EQ(machine.cpus, 2U);
}

TEST(CgroupStatsTest, PageCacheThatWouldGoFirstIsNotCounted) {
  MemoryUse v1;
  v1.is_v1 = true;
  v1.usage = 100;
  v1.stats = {{"total_inactive_file", 30}, {"inactive_file", 99}};
  EXPECT_EQ(v1.without_inactive_files(), 70U);
  MemoryUse v2;
  v2.usage = 100;
  v2.stats = {{"inactive_file", 40}};
  EXPECT_EQ(v2.without_inactive_files(), 60U);
  v2.stats["inactive_file"] = 200;  // read a moment later
  EXPECT_EQ(v2.without_inactive_files(), 100U);
}

}  // namespace
}  // namespace minidock::runtime
