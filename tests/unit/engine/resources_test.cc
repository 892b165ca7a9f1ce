// docker's rules for resource options.
#include "engine/resources.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "engine/stats_rows.h"

namespace minidock {
namespace {

using ::testing::HasSubstr;

std::string error_of(const Resources& resources) {
  try {
    check_resources(resources);
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

Resources with(const std::function<void(Resources&)>& change) {
  Resources resources;
  change(resources);
  return resources;
}

TEST(ResourcesTest, AcceptsWhatIsNotSet) { EXPECT_EQ(error_of({}), ""); }

TEST(ResourcesTest, MemoryRules) {
  EXPECT_EQ(error_of(with([](Resources& r) { r.memory = 512 << 10; })), "");
  EXPECT_EQ(error_of(with([](Resources& r) { r.memory = 4096; })), "Minimum memory limit allowed is 512KB");
  EXPECT_EQ(error_of(with([](Resources& r) { r.memory = 8 << 20, r.memory_swap = 4 << 20; })),
            "Minimum memoryswap limit should be larger than memory limit, see usage");
  EXPECT_EQ(error_of(with([](Resources& r) { r.memory = 8 << 20, r.memory_swap = -1; })), "");
  EXPECT_EQ(error_of(with([](Resources& r) { r.memory_swap = 4 << 20; })),
            "You should always set the Memory limit when using Memoryswap limit, see usage");
  EXPECT_EQ(error_of(with([](Resources& r) { r.memory = 1 << 20, r.memory_reservation = 2 << 20; })),
            "Minimum memory limit can not be less than memory reservation limit, see usage");
  EXPECT_EQ(error_of(with([](Resources& r) { r.memory_swappiness = 101; })),
            "Invalid value: 101, valid memory swappiness range is 0-100");
}

TEST(ResourcesTest, CpuRules) {
  EXPECT_EQ(error_of(with([](Resources& r) { r.nano_cpus = 500'000'000; })), "");
  EXPECT_THAT(
      error_of(with([](Resources& r) { r.nano_cpus = 100'000'000'000'000; })),
      ::testing::MatchesRegex("Range of CPUs is from 0.01 to ([0-9]+)\\.00, as there are only [0-9]+ CPUs available"));
  EXPECT_EQ(error_of(with([](Resources& r) { r.nano_cpus = 1, r.cpu_period = 1000; })),
            "Conflicting options: Nano CPUs and CPU Period cannot both be set");
  EXPECT_EQ(error_of(with([](Resources& r) { r.nano_cpus = 1, r.cpu_quota = 1000; })),
            "Conflicting options: Nano CPUs and CPU Quota cannot both be set");
  EXPECT_EQ(error_of(with([](Resources& r) { r.cpu_period = 999; })),
            "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
  EXPECT_EQ(error_of(with([](Resources& r) { r.cpu_quota = 999; })),
            "CPU cfs quota can not be less than 1ms (i.e. 1000)");
  EXPECT_EQ(error_of(with([](Resources& r) { r.cpu_quota = -1; })), "");
  EXPECT_THAT(error_of(with([](Resources& r) { r.cpu_realtime_period = 10, r.cpu_realtime_runtime = 11; })),
              HasSubstr("runtime cannot be higher"));
}

TEST(ResourcesTest, CpusetsAreOfThisMachine) {
  EXPECT_EQ(error_of(with([](Resources& r) { r.cpuset_cpus = "0", r.cpuset_mems = "0"; })), "");
  EXPECT_THAT(error_of(with([](Resources& r) { r.cpuset_cpus = "4000"; })),
              HasSubstr("Requested CPUs are not available - requested 4000, available: 0"));
  EXPECT_THAT(error_of(with([](Resources& r) { r.cpuset_mems = "900"; })),
              HasSubstr("Requested memory nodes are not available - requested 900"));
  for (const char* text : {"x", "1-", "-1", "2-1", "0-99999999", "0;1"}) {
    EXPECT_THAT(error_of(with([&](Resources& r) { r.cpuset_cpus = text; })), HasSubstr("Invalid value")) << text;
  }
}

TEST(ResourcesTest, BlockIoRules) {
  EXPECT_EQ(error_of(with([](Resources& r) { r.blkio_weight = 10; })), "");
  EXPECT_EQ(error_of(with([](Resources& r) { r.blkio_weight = 1001; })), "Range of blkio weight is from 10 to 1000");
}

TEST(ResourcesTest, TranslatesForTheRuntime) {
  EXPECT_EQ(runtime_limits({}), runtime::ResourceLimits{});
  Resources resources;
  resources.nano_cpus = 1'500'000'000;
  resources.memory = 1 << 20;
  resources.pids_limit = -1;
  complete_resources(resources);
  const runtime::ResourceLimits limits = runtime_limits(resources);
  EXPECT_EQ(limits.cpu_period, 100000U);
  EXPECT_EQ(limits.cpu_quota, 150000);
  EXPECT_EQ(limits.memory_swap, 2 << 20);
  EXPECT_EQ(limits.pids, -1);
  EXPECT_FALSE(limits.cpu_shares.has_value());
}

TEST(ResourcesTest, DevicesHaveToBeBlockDevices) {
  Resources resources;
  resources.device_read_bps = {{"/dev/no-such-disk", 1}};
  EXPECT_THROW(runtime_limits(resources), Error);
  resources.device_read_bps = {{"/dev/null", 1}};
  EXPECT_THROW(runtime_limits(resources), Error);
}

UseSample sample(std::uint64_t cpu, std::uint64_t machine) {
  UseSample result;
  result.id = std::string(64, 'a');
  result.name = "web";
  result.running = true;
  result.use.cpu.total = cpu;
  result.machine = {machine, 4};
  return result;
}

TEST(StatsRowsTest, CpuPercentIsOfOneCpu) {
  EXPECT_DOUBLE_EQ(cpu_percent(sample(100, 1000), sample(200, 2000)), 40.0);
  EXPECT_DOUBLE_EQ(cpu_percent(sample(200, 1000), sample(100, 2000)), 0.0);
  EXPECT_DOUBLE_EQ(cpu_percent(UseSample{}, sample(100, 2000)), 0.0);
}

TEST(StatsRowsTest, FieldsAreDockers) {
  UseSample now = sample(200, 2000);
  now.use.memory.usage = 3 << 20;
  now.use.memory.limit = 12 << 20;
  now.use.networks = {{"eth0", {1000, 0, 0, 0, 20, 0, 0, 0}}, {"eth1", {500, 0, 0, 0, 0, 0, 0, 0}}};
  now.use.block_io = {4'096'000, 0, 0, 0};
  now.use.pids = 3;
  const OrderedJson row = stats_row("web", sample(100, 1000), now, true);
  EXPECT_EQ(row["MemUsage"], "3MiB / 12MiB");
  EXPECT_EQ(row["MemPerc"], "25.00%");
  EXPECT_EQ(row["CPUPerc"], "40.00%");
  EXPECT_EQ(row["NetIO"], "1.5kB / 20B");
  EXPECT_EQ(row["BlockIO"], "4.1MB / 0B");
  EXPECT_EQ(row["PIDs"], "3");
  EXPECT_EQ(row["ID"], "aaaaaaaaaaaa");
  EXPECT_EQ(stats_row("web", {}, now, false)["ID"], std::string(64, 'a'));
}

TEST(StatsRowsTest, AStoppedContainerUsesNothing) {
  UseSample stopped;
  stopped.name = "web";
  const OrderedJson row = stats_row("web", stopped, stopped, true);
  EXPECT_EQ(row["MemUsage"], "0B / 0B");
  EXPECT_EQ(row["CPUPerc"], "0.00%");
  EXPECT_EQ(unknown_stats_row("web")["MemUsage"], "-- / --");
}

}  // namespace
}  // namespace minidock
