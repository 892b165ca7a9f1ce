// Containers with limits: real ones, on whatever cgroup hierarchies this machine has.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <thread>

#include "base/file.h"
#include "base/syscall.h"
#include "container_fixture.h"
#include "engine/runtime/cgroup_layout.h"
#include "engine/runtime/cgroup_stats.h"
#include "engine/runtime/cgroup_v1.h"
#include "engine/runtime/cgroup_v2.h"
#include "engine/runtime/freezer.h"
#include "engine/runtime/limited_groups.h"

namespace minidock::runtime::test {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

class LimitedContainerTest : public ContainerTest {
 protected:
  // A control file of the container, on v1 or v2.
  std::string control(const Spec& spec, const std::string& controller, const std::string& v1_file,
                      const std::string& v2_file) const {
    const CgroupLayout layout = read_cgroup_layout();
    const auto mount = layout.v1.find(controller);
    std::string text = mount != layout.v1.end()
                           ? file::read_if_exists(mount->second + spec.cgroups_path + "/" + v1_file).value_or("none\n")
                           : read_v2(spec.cgroups_path, v2_file);
    return text.substr(0, text.find('\n'));
  }
  static std::string read_v2(const std::string& path, const std::string& name) {
    const Fd group = open_v2_cgroup(path);
    const Fd file = group ? sys::openat_unless(group.get(), name, O_RDONLY, 0, ENOENT) : Fd();
    return file ? file::read(file.get()) : "none\n";
  }
  static bool has(const std::string& controller) { return read_cgroup_layout().has(controller); }
};

#define SKIP_WITHOUT(controller) \
  if (!has(controller)) GTEST_SKIP() << "this machine has no cgroup controller \"" << (controller) << "\""

TEST_F(LimitedContainerTest, OwnMemoryIsNotTheContainers) {
  SKIP_WITHOUT("memory");
  for (Spec spec : {make_spec(""), make_host_user_spec("")}) {
    spec.resources.memory = 512 << 10;
    spec.resources.memory_swap = 512 << 10;
    spec.process.args = {"/bin/true"};
    for (int round = 0; round < 20; ++round) EXPECT_EQ(run(spec).exit_code, 0);
  }
}

TEST_F(LimitedContainerTest, MemoryIsLimitedForTheProgram) {
  SKIP_WITHOUT("memory");
  Spec spec = make_spec("x=a; while :; do x=$x$x; done");
  spec.resources.memory = 4 << 20;
  spec.resources.memory_swap = 4 << 20;
  EXPECT_EQ(run(spec).exit_code, 137);
}

TEST_F(LimitedContainerTest, AJoinedNamespaceDoesNotChangeThat) {
  SKIP_WITHOUT("memory");
  Running first = start(make_spec(""));
  Spec spec = make_spec("");
  spec.cgroups_path += "-second";
  spec.namespaces.back().path = fmt::format("/proc/{}/ns/user", first.id.pid);
  spec.resources.memory = 512 << 10;
  spec.resources.memory_swap = 512 << 10;
  spec.resources.pids = 1;
  spec.process.args = {"/bin/true"};
  EXPECT_EQ(run(spec).exit_code, 0);
  finish(first);
}

TEST_F(LimitedContainerTest, EveryLimitReachesItsFile) {
  for (const char* controller : {"cpu", "cpuset", "pids", "memory"}) SKIP_WITHOUT(controller);
  Spec spec = make_spec("");
  spec.resources.cpu_quota = 50000;
  spec.resources.cpuset_cpus = "0";
  spec.resources.pids = 20;
  spec.resources.memory = spec.resources.memory_swap = 8 << 20;
  Running running = start(spec);
  EXPECT_THAT(control(spec, "cpu", "cpu.cfs_quota_us", "cpu.max"), ::testing::StartsWith("50000"));
  EXPECT_EQ(control(spec, "cpuset", "cpuset.cpus", "cpuset.cpus"), "0");
  EXPECT_EQ(control(spec, "pids", "pids.max", "pids.max"), "20");
  EXPECT_EQ(control(spec, "memory", "memory.limit_in_bytes", "memory.max"), "8388608");
  const ContainerUse use = read_container_use(running.id.pid, spec.cgroups_path);
  EXPECT_EQ(use.pids, 1U);
  EXPECT_EQ(use.pids_limit, 20U);
  EXPECT_EQ(use.memory.limit, 8U << 20);
  EXPECT_GT(use.memory.usage, 0U);
  EXPECT_GT(use.cpu.total, 0U);
  finish(running);
  remove_cgroup(spec.cgroups_path);
  for (const V1Hierarchy& hierarchy : read_cgroup_layout().hierarchies) {
    EXPECT_FALSE(file::exists(hierarchy.mount + spec.cgroups_path)) << hierarchy.mount;
  }
}

TEST_F(LimitedContainerTest, ExecIsLimitedTooButNotByOurOwnProcesses) {
  SKIP_WITHOUT("pids");
  for (Spec spec : {make_spec(""), make_host_user_spec("")}) {
    spec.resources.pids = 2;
    if (has("memory")) spec.resources.memory = spec.resources.memory_swap = 2 << 20;  // two processes
    Running running = start(spec);
    Process process = spec.process;
    process.args = {"/bin/cat", "/proc/self/cgroup"};
    const Result result = exec(spec, running, process);
    EXPECT_EQ(result.exit_code, 0);
    process.args = {"/bin/cat", "/proc/1/cgroup"};
    const std::string main_inside = exec(spec, running, process).output;
    const std::string main_outside = file::read(fmt::format("/proc/{}/cgroup", running.id.pid));
    for (const char* controller : {"pids", "memory"}) {
      if (!read_cgroup_layout().v1.contains(controller)) continue;
      EXPECT_THAT(result.output, HasSubstr(fmt::format(":{}:", controller)));
      // Inside, the paths begin at the root of the cgroup namespace.
      EXPECT_EQ(v1_group_of(result.output, controller), v1_group_of(main_inside, controller));
      EXPECT_EQ(v1_group_of(main_outside, controller), spec.cgroups_path);
    }
    finish(running);
    remove_cgroup(spec.cgroups_path);
  }
}

TEST_F(LimitedContainerTest, LimitsChangeWhileItRuns) {
  SKIP_WITHOUT("pids");
  SKIP_WITHOUT("memory");
  const Spec spec = make_spec("");
  Running running = start(spec);  // without a limit
  const Fd cgroup = open_v2_cgroup(spec.cgroups_path);
  ResourceLimits limits;
  limits.pids = 9;
  limits.memory = limits.memory_swap = 16 << 20;
  LimitedGroups::plan(spec.cgroups_path, limits).change(cgroup.get());
  EXPECT_EQ(read_container_use(running.id.pid, spec.cgroups_path).pids_limit, 9U);
  // Up: v1 takes memory and swap in the other order.
  limits.memory = limits.memory_swap = 64 << 20;
  LimitedGroups::plan(spec.cgroups_path, limits).change(cgroup.get());
  EXPECT_EQ(read_container_use(running.id.pid, spec.cgroups_path).memory.limit, 64U << 20);
  // One impossible value: nothing has changed.
  limits.memory = limits.memory_swap = 32 << 20;
  limits.cpuset_cpus = "4000";
  EXPECT_THROW(LimitedGroups::plan(spec.cgroups_path, limits).change(cgroup.get()), Error);
  EXPECT_EQ(read_container_use(running.id.pid, spec.cgroups_path).memory.limit, 64U << 20);
  finish(running);
}

// As docker shows it: its own group of each hierarchy, read-only for root too, and nothing of the others.
TEST_F(LimitedContainerTest, SeesItsOwnGroupsOfEachV1Hierarchy) {
  const CgroupLayout layout = read_cgroup_layout();
  if (layout.v1.empty()) GTEST_SKIP() << "this machine has no v1 hierarchies";
  for (Spec spec : {make_spec(""), make_host_user_spec("")}) {
    spec.resources.pids = 33;
    if (layout.has("memory")) spec.resources.memory = spec.resources.memory_swap = 32 << 20;
    Running running = start(spec);
    Process process = spec.process;
    process.args = {"/bin/sh", "-c",
                    "cut -d: -f3 /proc/self/cgroup | sort -u; cat /sys/fs/cgroup/pids/pids.max; "
                    "for d in /sys/fs/cgroup/*/; do grep -qx 1 $d/tasks || echo $d; done; "
                    "mkdir /sys/fs/cgroup/pids/x 2>/dev/null || echo refused"};
    EXPECT_EQ(exec(spec, running, process).output, "/\n33\nrefused\n");
    for (const V1Hierarchy& hierarchy : layout.hierarchies) {
      EXPECT_EQ(v1_group_of(file::read(fmt::format("/proc/{}/cgroup", running.id.pid)), hierarchy.names.front()),
                spec.cgroups_path);
    }
    finish(running);
    remove_cgroup(spec.cgroups_path);
  }
}

TEST_F(LimitedContainerTest, FreezesAndResumes) {
  const Spec spec = make_spec("");
  Running running = start(spec);
  EXPECT_FALSE(is_frozen(spec.cgroups_path));
  freeze_cgroup(spec.cgroups_path);
  EXPECT_TRUE(is_frozen(spec.cgroups_path));
  EXPECT_THAT(read_v2(spec.cgroups_path, "cgroup.events"), HasSubstr("frozen 1"));
  thaw_cgroup(spec.cgroups_path);
  EXPECT_FALSE(is_frozen(spec.cgroups_path));
  EXPECT_EQ(finish(running).exit_code, 0);
  remove_cgroup(spec.cgroups_path);
  EXPECT_FALSE(is_frozen(spec.cgroups_path));
  EXPECT_THROW(freeze_cgroup(spec.cgroups_path), Error);
}

TEST_F(LimitedContainerTest, AGroupMayGoWhileItsFilesAreRead) {
  const std::string path = make_spec("").cgroups_path + "-gone";
  std::jthread coming_and_going([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) Cgroup::create(path);
  });
  for (int times = 0; times < 20'000; ++times) {
    const Fd group = open_v2_cgroup(path);
    EXPECT_THAT(read_control_file(group.get(), "cgroup.freeze"), AnyOf("", "0\n"));
  }
}

TEST_F(LimitedContainerTest, UmaskIsTheDocuments) {
  Spec spec = make_spec("umask");
  EXPECT_EQ(run(spec).output, "0022\n");
  spec.process.umask = 0077;
  EXPECT_EQ(run(spec_from_json(to_json(spec))).output, "0077\n");
}

TEST_F(LimitedContainerTest, PreservedDescriptorsReachTheProgram) {
  const Spec spec = make_spec("cat <&3; [ -e /proc/self/fd/4 ] || echo no 4");
  file::write(path("text"), "from outside\n", 0600);
  for (const int number : {60, 61}) ASSERT_EQ(::dup2(sys::open(path("text"), O_RDONLY).get(), number), number);
  EXPECT_THAT(run(spec).output, Not(HasSubstr("from outside")));
  EXPECT_EQ(run(spec, {60, 1}).output, "from outside\nno 4\n");
  ::close(60);
  ::close(61);
}

}  // namespace
}  // namespace minidock::runtime::test
