// Limits of a container, what changes them and what shows them. Where this machine lacks a controller, the test says
// so.
#include <gmock/gmock.h>

#include <regex>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

constexpr char kEatMemory[] = "x=a; while :; do x=$x$x; done";

class Limits : public FunctionalTest {
 protected:
  // Where a container's control files of a controller are: its v1 group, else its v2 group; "" without the controller.
  std::string group_of(const std::string& container, const std::string& controller) {
    const std::string pid = std::to_string(box.pid_of(container));
    std::string v2;
    for (const std::string& line : lines_of(read_file("/proc/" + pid + "/cgroup"))) {
      const std::size_t colon = line.find(':');
      const std::string list = line.substr(colon + 1, line.rfind(':') - colon - 1);
      const std::string path = line.substr(line.find(':', colon + 1) + 1);
      if (list == controller || ("," + list + ",").find("," + controller + ",") != std::string::npos) {
        return "/sys/fs/cgroup/" + controller + path;
      }
      if (list.empty()) v2 = path;
    }
    return unified() + v2;
  }
  static std::string unified() {
    return read_file("/sys/fs/cgroup/cgroup.controllers").empty() ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup";
  }
  static bool is_v1(const std::string& controller) {
    return std::regex_search(read_file("/proc/self/mountinfo"),
                             std::regex(" - cgroup [^ ]* [^ \n]*\\b" + controller + "\\b"));
  }
  static bool has(const std::string& controller) {
    return is_v1(controller) ||
           std::regex_search(read_file(unified() + "/cgroup.controllers"), std::regex("\\b" + controller + "\\b"));
  }
  // The value in the file of whichever version holds the controller.
  std::string value(const std::string& container, const std::string& controller, const std::string& v1_file,
                    const std::string& v2_file) {
    return trimmed(read_file(group_of(container, controller) + "/" + (is_v1(controller) ? v1_file : v2_file)));
  }
};

#define SKIP_WITHOUT(controller) \
  if (!has(controller)) GTEST_SKIP() << "this machine has no cgroup controller \"" << (controller) << "\""

// ---- memory

TEST_F(Limits, MemoryLimitReachesTheKernel) {
  SKIP_WITHOUT("memory");
  box.run_detached({"--name", "cx", "-m", "32m", "--memory-reservation", "16m"}, {"sleep", "600"});
  EXPECT_EQ(value("cx", "memory", "memory.limit_in_bytes", "memory.max"), "33554432");
  EXPECT_EQ(value("cx", "memory", "memory.soft_limit_in_bytes", "memory.low"), "16777216");
  // Twice the memory for memory and swap together, as docker has it.
  EXPECT_EQ(value("cx", "memory", "memory.memsw.limit_in_bytes", "memory.swap.max"),
            is_v1("memory") ? "67108864" : "33554432");
}

TEST_F(Limits, RunningOutOfMemoryIsTold) {
  SKIP_WITHOUT("memory");
  box.load("busybox");
  EXPECT_EQ(box.minidock({"run", "--name", "cx", "-m", "8m", "busybox", "sh", "-c", kEatMemory}).exit_code, 137);
  EXPECT_EQ(box.inspect("cx", "{{.State.OOMKilled}} {{.State.ExitCode}} {{.State.Status}}"), "true 137 exited");
  box.run_detached({"--name", "killed", "-m", "8m"}, {"sleep", "600"});
  box.minidock_ok({"kill", "killed"});
  EXPECT_EQ(box.inspect("killed", "{{.State.OOMKilled}} {{.State.ExitCode}}"), "false 137");
}

TEST_F(Limits, HalfAMegabyteRunsAStaticProgram) {
  SKIP_WITHOUT("memory");
  for (int round = 0; round < 10; ++round) {
    EXPECT_EQ(box.run({"-m", "512k"}, {"true"}).exit_code, 0);
    EXPECT_EQ(box.run({"-m", "512k", "--userns", "host"}, {"true"}).exit_code, 0);
  }
  box.run_detached({"--name", "cx", "-m", "512k"}, {"sleep", "600"});
  EXPECT_EQ(box.minidock({"exec", "cx", "true"}).exit_code, 0);
}

// ---- the others

TEST_F(Limits, PidsLimitHolds) {
  SKIP_WITHOUT("pids");
  const Result result = box.run({"--pids-limit", "4"}, {"sh", "-c", "for i in 1 2 3 4 5 6; do sleep 0.1 & done; wait"});
  EXPECT_THAT(result.err, HasSubstr("can't fork"));
  EXPECT_EQ(box.run({"--pids-limit", "-1"}, {"true"}).exit_code, 0);
  EXPECT_EQ(box.run({"--pids-limit", "1"}, {"true"}).exit_code, 0);
}

TEST_F(Limits, CpuQuotaSharesAndSet) {
  SKIP_WITHOUT("cpu");
  SKIP_WITHOUT("cpuset");
  box.run_detached({"--name", "cx", "--cpus", "0.5", "-c", "512", "--cpuset-cpus", "0"}, {"sleep", "600"});
  EXPECT_EQ(status_field(box.pid_of("cx"), "Cpus_allowed_list"), "0");
  if (is_v1("cpu")) {
    EXPECT_EQ(value("cx", "cpu", "cpu.cfs_quota_us", ""), "50000");
    EXPECT_EQ(value("cx", "cpu", "cpu.cfs_period_us", ""), "100000");
    EXPECT_EQ(value("cx", "cpu", "cpu.shares", ""), "512");
  } else {
    EXPECT_EQ(value("cx", "cpu", "", "cpu.max"), "50000 100000");
    EXPECT_EQ(value("cx", "cpu", "", "cpu.weight"), "20");
  }
}

TEST_F(Limits, GroupsGoWithTheContainer) {
  SKIP_WITHOUT("memory");
  SKIP_WITHOUT("pids");
  const std::string id = box.run_detached({"--name", "cx", "-m", "32m", "--pids-limit", "9"}, {"sleep", "600"});
  EXPECT_THAT(box.cgroups_like("*/" + id), HasSubstr(id));
  box.minidock_ok({"rm", "-f", "cx"});
  EXPECT_EQ(box.cgroups_like("*/" + id), "");
}

TEST_F(Limits, AnImpossibleLimitLeavesNothingBehind) {
  box.load("busybox");
  const Result result =
      box.minidock({"run", "--name", "cx", "--device-read-bps", "/dev/no-such:1mb", "busybox", "true"});
  EXPECT_EQ(result.exit_code, 127);  // its words are those of a missing program
  EXPECT_THAT(result.err, HasSubstr("stat /dev/no-such: No such file or directory"));
  EXPECT_EQ(box.minidock_ok({"ps", "-aq"}), "");
}

TEST_F(Limits, WrongValuesAreDockersErrors) {
  box.load("busybox");
  const std::pair<Arguments, const char*> cases[] = {
      {{"-m", "abc"}, "invalid argument \"abc\" for \"-m, --memory\" flag: invalid size: 'abc'"},
      {{"-m", "4k"}, "Minimum memory limit allowed is"},
      {{"-m", "64m", "--memory-swap", "32m"}, "Minimum memoryswap limit should be larger than memory limit, see usage"},
      {{"--cpus", "4000"}, "Range of CPUs is from 0.01 to"},
      {{"--cpus", "1", "--cpu-quota", "5000"}, "Conflicting options: Nano CPUs and CPU Quota cannot both be set"},
      {{"--cpus", "0.1234567891"}, "invalid argument \"0.1234567891\" for \"--cpus\" flag: value is too precise"},
      {{"--cpuset-cpus", "4000"}, "Requested CPUs are not available - requested 4000"},
      {{"--blkio-weight", "x"}, "strconv.ParseUint: parsing \"x\": invalid syntax"},
      {{"--memory-swappiness", "200"}, "invalid value: 200. Valid memory swappiness range is 0-100"},
      {{"--device-read-bps", "sda:1mb"}, "bad format for device path: sda:1mb"},
      {{"--device-write-iops", "/dev/vda:x"}, "invalid rate for device: /dev/vda:x"},
      {{"--pids-limit", "many"}, "strconv.ParseInt: parsing \"many\": invalid syntax"},
      {{"--kernel-memory", "x"}, "invalid size: 'x'"},
      {{"--cpu-shares", "1"}, "the minimum allowed cpu-shares is 2"}};
  for (const auto& [options, message] : cases) {
    const Result result = box.run(options, {"true"});
    EXPECT_EQ(result.exit_code, 125) << message;
    EXPECT_THAT(result.err, HasSubstr(message));
  }
}

// ---- update

TEST_F(Limits, UpdateChangesARunningContainer) {
  SKIP_WITHOUT("memory");
  SKIP_WITHOUT("pids");
  box.run_detached({"--name", "cx"}, {"sleep", "600"});  // in no group of a controller yet
  EXPECT_EQ(box.minidock_ok({"update", "-m", "64m", "--pids-limit", "2", "cx"}), "cx");
  EXPECT_EQ(value("cx", "memory", "memory.limit_in_bytes", "memory.max"), "67108864");
  EXPECT_EQ(value("cx", "pids", "pids.max", "pids.max"), "2");
  box.minidock_ok({"update", "-m", "256m", "--memory-swap", "512m", "cx"});
  EXPECT_EQ(value("cx", "memory", "memory.limit_in_bytes", "memory.max"), "268435456");
  EXPECT_EQ(value("cx", "pids", "pids.max", "pids.max"), "2");
  EXPECT_THAT(box.minidock({"exec", "cx", "sh", "-c", "sleep 1 & sleep 1"}).err, HasSubstr("can't fork"));
}

TEST_F(Limits, UpdateIsAllOrNothing) {
  SKIP_WITHOUT("pids");
  box.run_detached({"--name", "cx", "--rm", "--pids-limit", "7"}, {"sleep", "600"});
  const Result both = box.minidock({"update", "--pids-limit", "9", "--restart", "always", "cx"});
  EXPECT_EQ(both.exit_code, 1);
  EXPECT_THAT(both.err, HasSubstr("Restart policy cannot be updated because AutoRemove is enabled for the container"));
  EXPECT_EQ(value("cx", "pids", "pids.max", "pids.max"), "7");
  EXPECT_THAT(box.minidock({"update", "--cpuset-cpus", "4000", "--pids-limit", "9", "cx"}).err,
              HasSubstr("Requested CPUs are not available"));
  EXPECT_EQ(value("cx", "pids", "pids.max", "pids.max"), "7");
}

TEST_F(Limits, UpdateRefusesWhatDockerRefuses) {
  box.run_detached({"--name", "cx", "--cpu-period", "50000", "--cpu-quota", "25000"}, {"sleep", "600"});
  EXPECT_THAT(box.minidock({"update", "--cpus", "1", "cx"}).err,
              HasSubstr("Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set"));
  const Result nothing = box.minidock({"update", "cx"});
  EXPECT_EQ(nothing.exit_code, 1);
  EXPECT_THAT(nothing.err, HasSubstr("you must provide one or more flags when using this command"));
  EXPECT_THAT(box.minidock({"update", "--pids-limit", "5", "nobody"}).err, HasSubstr("No such container: nobody"));
  EXPECT_THAT(box.minidock({"update", "--restart", "sometimes", "cx"}).err,
              HasSubstr("invalid restart policy 'sometimes'"));
}

// ---- pause

TEST_F(Limits, PausedContainersStandStill) {
  box.run_detached({"--name", "cx"}, {"sh", "-c", "while :; do echo x; done > /dev/null"});
  EXPECT_EQ(box.minidock_ok({"pause", "cx"}), "cx");
  const std::string stat = "/proc/" + std::to_string(box.pid_of("cx")) + "/stat";
  const std::string before = read_file(stat);
  usleep(100'000);
  EXPECT_EQ(read_file(stat), before);
  EXPECT_EQ(box.inspect("cx", "{{.State.Status}} {{.State.Paused}} {{.State.Running}}"), "paused true true");
  EXPECT_THAT(box.minidock_ok({"ps", "--format", "{{.State}} {{.Status}}"}), MatchesRegex("paused Up .* \\(Paused\\)"));
  EXPECT_THAT(box.minidock_ok({"ps", "-q", "--filter", "status=paused"}), Not(""));
  EXPECT_EQ(box.minidock_ok({"ps", "-q", "--filter", "status=running"}), "");
  EXPECT_EQ(box.minidock_ok({"unpause", "cx"}), "cx");
  EXPECT_EQ(box.inspect("cx", "{{.State.Status}} {{.State.Paused}}"), "running false");
  EXPECT_TRUE(Sandbox::eventually([&] { return read_file(stat) != before; }));
}

TEST_F(Limits, PauseSaysWhatIsWrong) {
  const std::string id = box.run_detached({"--name", "cx"}, {"sleep", "600"});
  EXPECT_EQ(box.minidock({"unpause", "cx"}).err, "Error: Container " + id + " is not paused\n");
  box.minidock_ok({"pause", "cx"});
  EXPECT_EQ(box.minidock({"pause", "cx"}).err, "Error: Container " + id + " is already paused\n");
  EXPECT_EQ(box.minidock({"exec", "cx", "true"}).err,
            "Error: Container cx is paused, unpause the container before exec\n");
  EXPECT_THAT(box.minidock({"rm", "cx"}).err, HasSubstr("You cannot remove a paused container " + id));
  box.minidock_ok({"kill", "cx"});
  EXPECT_EQ(box.minidock({"pause", "cx"}).err, "Error: Container " + id + " is not running\n");
}

TEST_F(Limits, PausedContainersCanBeEnded) {
  box.run_detached({"--name", "stopped"}, {"sh", "-c", "trap 'exit 3' TERM; while :; do sleep 0.1; done"});
  box.minidock_ok({"pause", "stopped"});
  box.minidock_ok({"stop", "stopped"});
  EXPECT_EQ(box.inspect("stopped", "{{.State.ExitCode}}"), "3");
  box.run_detached({"--name", "removed"}, {"sleep", "600"});
  box.minidock_ok({"pause", "removed"});
  box.minidock_ok({"rm", "-f", "removed"});
  EXPECT_EQ(box.minidock_ok({"ps", "-aq", "--filter", "name=removed"}), "");
}

// ---- stats and top

TEST_F(Limits, StatsShowsDockersFields) {
  SKIP_WITHOUT("memory");
  box.run_detached({"--name", "cx", "-m", "64m"}, {"sh", "-c", "while :; do :; done"});
  const std::vector<std::string> lines = lines_of(box.minidock_ok({"stats", "--no-stream"}));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[0], MatchesRegex("CONTAINER ID +NAME +CPU % +MEM USAGE / LIMIT +MEM % +NET I/O +BLOCK I/O +PIDS"));
  EXPECT_THAT(lines[1],
              MatchesRegex("[0-9a-f]+ +cx +[0-9.]+% +[0-9.]+[KM]iB / 64MiB +[0-9.]+% +[0-9.]+k?B / [0-9.]+k?B "
                           "+[0-9.]+[kM]?B / [0-9.]+[kM]?B +1"));
  const std::string cpu = box.minidock_ok({"stats", "--no-stream", "--format", "{{.CPUPerc}}", "cx"});
  EXPECT_GT(std::stod(cpu), 1.0);
  EXPECT_LT(std::stod(cpu), 150.0);
}

TEST_F(Limits, StatsWorksWithoutAController) {
  box.run_detached({"--name", "cx"}, {"sh", "-c", "while :; do :; done"});
  const std::string line = box.minidock_ok(
      {"stats", "--no-stream", "--format", "{{.Container}}|{{.Name}}|{{.CPUPerc}}|{{.MemUsage}}|{{.PIDs}}", "cx"});
  EXPECT_THAT(line, MatchesRegex("cx\\|cx\\|[1-9][0-9]*\\.[0-9]+%\\|[1-9][0-9.]*[KM]iB / [0-9.]+[MGT]iB\\|1"));
}

TEST_F(Limits, StatsOfStoppedAndUnknownContainers) {
  box.run_detached({"--name", "cx"}, {"true"});
  box.minidock_ok({"wait", "cx"});
  EXPECT_EQ(box.minidock_ok({"stats", "--no-stream", "--format", "{{.Name}}"}), "");
  EXPECT_EQ(box.minidock_ok({"stats", "--no-stream", "-a", "--format", "{{.Name}} {{.CPUPerc}} {{.MemUsage}}"}),
            "cx 0.00% 0B / 0B");
  const Result unknown = box.minidock({"stats", "--no-stream", "nobody"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("No such container: nobody"));
}

TEST_F(Limits, StatsStreamsUntilInterrupted) {
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  Background stream = box.start({"stats"});
  EXPECT_TRUE(Sandbox::eventually([&] {
    const std::string out = stream.out();
    const std::size_t first = out.find("\033[2J\033[H");
    return first != std::string::npos && out.find("\033[2J\033[H", first + 1) != std::string::npos;
  }));
  stream.signal(SIGINT);
  EXPECT_EQ(stream.wait().exit_code, 130);
}

TEST_F(Limits, TopShowsTheContainersProcesses) {
  box.run_detached({"--name", "cx"}, {"sh", "-c", "sleep 601 & sleep 602; wait"});
  EXPECT_TRUE(Sandbox::eventually([&] { return lines_of(box.minidock_ok({"top", "cx"})).size() == 4; }));
  const std::vector<std::string> lines = lines_of(box.minidock_ok({"top", "cx"}));
  EXPECT_THAT(lines[0], MatchesRegex("UID +PID +PPID +C +STIME +TTY +TIME +CMD"));
  EXPECT_THAT(lines[1], HasSubstr(" " + std::to_string(box.pid_of("cx")) + " "));
  EXPECT_THAT(lines[1], HasSubstr("sh -c sleep 601 & sleep 602; wait"));
  EXPECT_THAT(box.minidock_ok({"top", "cx", "-o", "pid,comm"}), StartsWith("PID                 COMMAND\n"));
  EXPECT_THAT(lines_of(box.minidock_ok({"top", "cx", "aux"}))[0], StartsWith("USER                PID "));
}

TEST_F(Limits, TopSaysWhatIsWrong) {
  const std::string id = box.run_detached({"--name", "cx"}, {"sleep", "600"});
  EXPECT_THAT(box.minidock({"top", "cx", "-o", "user"}).err, HasSubstr("Couldn't find PID field in ps output"));
  EXPECT_THAT(box.minidock({"top", "cx", "-o", "pid,foo=PID"}).err, HasSubstr("is not allowed"));
  EXPECT_THAT(box.minidock({"top", "cx", "-o", "no-such"}).err,
              HasSubstr("error: unknown user-defined format specifier"));
  box.minidock_ok({"kill", "cx"});
  EXPECT_EQ(box.minidock({"top", "cx"}).err, "Error: Container " + id + " is not running\n");
}

}  // namespace
}  // namespace minidock::functional
