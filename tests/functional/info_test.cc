// info, as far as it depends on the machine and the configuration; and what is read from cgroups wherever they are.
#include <gmock/gmock.h>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::HasSubstr;

class Info : public FunctionalTest {
 protected:
  std::string info(const std::string& format) { return box.minidock_ok({"info", "-f", format}); }
  bool has_v1_memory() { return box.host({"grep", "-q", " - cgroup .*memory", "/proc/self/mountinfo"}).exit_code == 0; }
};

TEST_F(Info, CountsWhatIsPaused) {
  for (const char* name : {"paused", "runs"}) box.run_detached({"--name", name}, {"sleep", "600"});
  box.minidock_ok({"create", "busybox", "true"});
  box.minidock_ok({"pause", "paused"});
  EXPECT_EQ(info("{{.Containers}} {{.ContainersRunning}} {{.ContainersPaused}} {{.ContainersStopped}}"), "3 1 1 1");
  box.minidock_ok({"unpause", "paused"});
  EXPECT_EQ(info("{{.ContainersRunning}} {{.ContainersPaused}}"), "2 0");
}

TEST_F(Info, NamesTheLogDriversThatThereAre) {
  EXPECT_EQ(info("{{join .Plugins.Log \" \"}} {{.LoggingDriver}}"), "journald json-file local json-file");
  const std::string config = box.write_file("daemon.json", R"({"log-driver": "local"})");
  EXPECT_EQ(box.minidock_ok({"--config-file", config, "info", "-f", "{{.LoggingDriver}}"}), "local");
}

TEST_F(Info, CgroupVersionIsThatOfTheLimits) {
  const bool v1 =
      box.host({"grep", "-q", " - cgroup [^ ]* [^ ]*\\(memory\\|cpu\\|pids\\)", "/proc/self/mountinfo"}).exit_code == 0;
  EXPECT_EQ(info("{{.CgroupVersion}}"), v1 ? "1" : "2");
  EXPECT_EQ(info("{{.CgroupDriver}}"), "cgroupfs");
}

// The sandbox has its own mounts: here v1's memory hierarchy lies elsewhere.
TEST_F(Info, OutOfMemoryIsSeenWhereverTheHierarchyIsMounted) {
  if (!has_v1_memory()) GTEST_SKIP() << "this machine has no v1 memory controller";
  box.load("busybox");
  box.shell("umount /sys/fs/cgroup/memory && mkdir " + box.path("memory") + " && mount -t cgroup -o memory none " +
            box.path("memory"));
  const Result result =
      box.minidock({"run", "--name", "cx", "-m", "8m", "busybox", "sh", "-c", "x=a; while :; do x=$x$x; done"});
  EXPECT_EQ(result.exit_code, 137);
  EXPECT_EQ(box.inspect("cx", "{{.State.OOMKilled}}"), "true");
  EXPECT_EQ(info("{{.MemoryLimit}}"), "true");
  // While the hierarchy is where it was found: later nobody could take the instance's group away.
  box.minidock_ok({"system", "reset", "-f"});
  box.shell("umount " + box.path("memory"));
}

}  // namespace
}  // namespace minidock::functional
