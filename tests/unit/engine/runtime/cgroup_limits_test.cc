// Limits as values of control files, and the kernel's texts about groups.
#include "engine/runtime/cgroup_limits.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "engine/runtime/cgroup_layout.h"
#include "engine/runtime/cgroup_v1.h"
#include "engine/runtime/spec_resources.h"

namespace minidock::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// "memory.max=1 …"
std::string text_of(const std::vector<ControlSetting>& settings) {
  std::string text;
  for (const ControlSetting& setting : settings) {
    text += (text.empty() ? "" : " | ") + setting.file + "=" + setting.value;
  }
  return text;
}

ResourceLimits many_limits() {
  ResourceLimits limits;
  limits.memory = 1 << 20;
  limits.memory_swap = 3 << 20;
  limits.memory_reservation = 1 << 19;
  limits.memory_swappiness = 10;
  limits.disable_oom_killer = true;
  limits.cpu_shares = 512;
  limits.cpu_quota = 50000;
  limits.cpu_period = 100000;
  limits.cpuset_cpus = "0-1";
  limits.cpuset_mems = "0";
  limits.pids = 7;
  limits.block_io_weight = 300;
  limits.weight_devices = {{8, 0, 500}};
  limits.read_bps = {{8, 0, 1000}, {8, 16, 2000}};
  limits.write_iops = {{8, 0, 5}};
  return limits;
}

TEST(CgroupLimitsTest, V1FilesInTheOrderThatTheKernelTakes) {
  EXPECT_EQ(text_of(v1_settings(many_limits())),
            "memory.limit_in_bytes=1048576 | memory.memsw.limit_in_bytes=3145728 | memory.soft_limit_in_bytes=524288 | "
            "memory.swappiness=10 | memory.oom_control=1 | cpu.shares=512 | cpu.cfs_period_us=100000 | "
            "cpu.cfs_quota_us=50000 | cpuset.cpus=0-1 | cpuset.mems=0 | pids.max=7 | blkio.weight=300 | "
            "blkio.weight_device=8:0 500 | blkio.throttle.read_bps_device=8:0 1000 | "
            "blkio.throttle.read_bps_device=8:16 2000 | blkio.throttle.write_iops_device=8:0 5");
}

TEST(CgroupLimitsTest, V2FilesCountSwapAlone) {
  EXPECT_EQ(text_of(v2_settings(many_limits())),
            "memory.max=1048576 | memory.swap.max=2097152 | memory.low=524288 | cpu.weight=20 | cpu.max=50000 100000 | "
            "cpuset.cpus=0-1 | cpuset.mems=0 | pids.max=7 | io.bfq.weight=300 | io.bfq.weight=8:0 500 | "
            "io.max=8:0 rbps=1000 | io.max=8:16 rbps=2000 | io.max=8:0 wiops=5");
}

TEST(CgroupLimitsTest, NoLimitHasItsOwnWords) {
  ResourceLimits limits;
  limits.memory = 1 << 20;
  limits.memory_swap = -1;
  limits.pids = -1;
  limits.cpu_quota = -1;
  EXPECT_EQ(text_of(v1_settings(limits)),
            "memory.limit_in_bytes=1048576 | memory.memsw.limit_in_bytes=-1 | cpu.cfs_quota_us=-1 | pids.max=max");
  EXPECT_EQ(text_of(v2_settings(limits)),
            "memory.max=1048576 | memory.swap.max=max | cpu.max=max 100000 | pids.max=max");
  limits.memory = -1;
  limits.memory_swap.reset();
  EXPECT_EQ(text_of(v2_settings(limits)), "memory.max=max | cpu.max=max 100000 | pids.max=max");
  // v1 would refuse memory above what memory and swap together may have.
  EXPECT_EQ(v1_settings(limits)[1].value, "-1");
}

TEST(CgroupLimitsTest, NothingWantedIsNothingWritten) {
  EXPECT_TRUE(v1_settings({}).empty());
  EXPECT_TRUE(v2_settings({}).empty());
}

TEST(CgroupLimitsTest, ScalesOfBothVersions) {
  EXPECT_EQ(cpu_weight(2), 1U);
  EXPECT_EQ(cpu_weight(1024), 39U);
  EXPECT_EQ(cpu_weight(262144), 10000U);
  EXPECT_EQ(cpu_weight(1), 1U);  // the kernel raises it to 2
  EXPECT_EQ(io_weight(10), 1U);
  EXPECT_EQ(io_weight(1000), 10000U);
}

TEST(CgroupLayoutTest, SortsControllersByHierarchy) {
  const CgroupLayout layout = parse_cgroup_layout(
      "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
      "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
      "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
      "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
      "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
      "42 23 0:40 / /home rw - ext4 /dev/cpuset rw\n",
      "pids io\n");
  EXPECT_THAT(layout.v1, UnorderedElementsAre(Pair("cpu", "/sys/fs/cgroup/cpu,cpuacct"),
                                              Pair("cpuacct", "/sys/fs/cgroup/cpu,cpuacct"),
                                              Pair("memory", "/sys/fs/cgroup/memory")));
  ASSERT_EQ(layout.hierarchies.size(), 3U);
  EXPECT_THAT(layout.hierarchies[0].names, ElementsAre("cpu", "cpuacct"));
  EXPECT_EQ(layout.hierarchies[2].mount, "/sys/fs/cgroup/systemd");
  EXPECT_THAT(layout.hierarchies[2].names, ElementsAre("name=systemd"));
  EXPECT_THAT(layout.v2, UnorderedElementsAre("io", "pids"));
  EXPECT_TRUE(layout.has("pids"));
  EXPECT_FALSE(layout.has("cpuset"));
}

TEST(CgroupLayoutTest, PassesOverWhatAnotherMountHides) {
  const CgroupLayout layout = parse_cgroup_layout(
      "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
      "36 23 0:32 / /elsewhere rw - cgroup cgroup rw,memory\n"
      "37 23 0:32 / /later rw - cgroup cgroup rw,memory\n",
      "", [](const std::string& mount) { return !mount.starts_with("/sys"); });
  EXPECT_THAT(layout.v1, UnorderedElementsAre(Pair("memory", "/elsewhere")));
}

TEST(CgroupLayoutTest, FindsAProcessInAHierarchy) {
  const std::string text = "5:devices:/\n4:memory:/minidock/a:b\n2:cpu,cpuacct:/x\n1:name=systemd:/y\n0::/minidock/c\n";
  EXPECT_EQ(v1_group_of(text, "memory"), "/minidock/a:b");
  EXPECT_EQ(v1_group_of(text, "cpuacct"), "/x");
  EXPECT_EQ(v1_group_of(text, "pids"), "");
}

TEST(SpecResourcesTest, SurviveJsonUnderTheirOciNames) {
  const ResourceLimits limits = many_limits();
  const Json document = resources_to_json(limits);
  EXPECT_EQ(document["memory"]["limit"], 1 << 20);
  EXPECT_EQ(document["blockIO"]["throttleReadBpsDevice"][1]["rate"], 2000);
  EXPECT_EQ(document["blockIO"]["weightDevice"][0]["weight"], 500);
  EXPECT_EQ(resources_from_json(document), limits);
  EXPECT_TRUE(resources_to_json({}).empty());
  EXPECT_EQ(resources_from_json(Json::object()), ResourceLimits{});
}

TEST(SpecResourcesTest, RefusesWhatIsNone) {
  for (const char* text : {R"({"memory":3})", R"({"cpu":{"shares":-1}})", R"({"blockIO":{"weight":70000}})",
                           R"({"pids":{"limit":"x"}})"}) {
    EXPECT_THROW(resources_from_json(json::parse(text, "test")), Error) << text;
  }
}

}  // namespace
}  // namespace minidock::runtime
