// stop, kill, rm, wait; what happens when minidock's own processes are killed.
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include <gmock/gmock.h>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class Lifecycle : public FunctionalTest {
 protected:
  std::string state(const std::string& name) { return box.inspect(name, "{{.State.Status}} {{.State.ExitCode}}"); }
  pid_t shim_of(const std::string& name) { return atoi(status_field(box.pid_of(name), "PPid").c_str()); }
};

TEST_F(Lifecycle, StopSendsTermFirst) {
  box.run_detached({"--name", "sx"}, {"sh", "-c", "trap 'exit 5' TERM; while :; do sleep 0.05; done"});
  EXPECT_EQ(box.minidock_ok({"stop", "sx"}), "sx");
  EXPECT_EQ(state("sx"), "exited 5");
}

TEST_F(Lifecycle, StopKillsAfterTheTimeout) {
  box.run_detached({"--name", "sx"}, {"sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"});
  EXPECT_EQ(box.minidock_ok({"stop", "-t", "1", "sx"}), "sx");
  EXPECT_EQ(state("sx"), "exited 137");
  EXPECT_EQ(box.minidock_ok({"stop", "sx"}), "sx");
}

TEST_F(Lifecycle, StopReturnsWhenThePortsAreFree) {
  box.run_detached({"--name", "sx", "-p", "127.0.0.1:4000-4009:80-89"}, {"sleep", "600"});
  for (int round = 0; round < 40; ++round) {
    box.minidock_ok({"stop", "-t", "0", "sx"});
    ASSERT_EQ(box.minidock_ok({"ps", "-a", "--format", "{{.Names}}{{.Ports}}"}), "sx") << "round " << round;
    box.minidock_ok({"start", "sx"});
  }
}

TEST_F(Lifecycle, KillSendsTheGivenSignal) {
  box.run_detached({"--name", "kx"}, {"sh", "-c", "trap 'exit 9' USR1; while :; do sleep 0.05; done"});
  box.minidock_ok({"kill", "-s", "USR1", "kx"});
  EXPECT_EQ(box.minidock_ok({"wait", "kx"}), "9");
  box.run_detached({"--name", "k2"}, {"sleep", "600"});
  EXPECT_EQ(box.minidock_ok({"kill", "k2"}), "k2");
  EXPECT_EQ(box.minidock_ok({"wait", "k2"}), "137");
  const Result result = box.minidock({"kill", "k2"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("is not running"));
}

TEST_F(Lifecycle, RestartKeepsAContainerOfRm) {
  box.run_detached({"--rm", "--name", "rx"}, {"sh", "-c", "echo run >> /runs; sleep 600"});
  for (int round = 2; round < 4; ++round) {
    EXPECT_EQ(box.minidock_ok({"restart", "-t", "0", "rx"}), "rx");
    ASSERT_TRUE(Sandbox::eventually(
        [&] { return box.minidock_ok({"exec", "rx", "grep", "-c", "run", "/runs"}) == std::to_string(round); }));
    EXPECT_EQ(box.inspect("rx", "{{.HostConfig.AutoRemove}}"), "true");
  }
  box.minidock_ok({"stop", "-t", "0", "rx"});
  EXPECT_EQ(box.minidock_ok({"ps", "-aq"}), "");
}

// Both the command that was attached to the last run and the one that restarts the container tidy up after that run.
TEST_F(Lifecycle, RestartEndsAnAttachedRun) {
  box.load("busybox");
  for (const std::string rm : {"--rm=true", "--rm=false"}) {
    for (int round = 0; round < 10; ++round) {
      Background run = box.start({"run", rm, "--name", "rx", "busybox", "sh", "-c", "echo up; sleep 600"});
      ASSERT_TRUE(Sandbox::eventually([&] { return run.out() == "up\n"; }));
      box.minidock_ok({"restart", "-t", "0", "rx"});
      EXPECT_EQ(run.wait().exit_code, 137);
      EXPECT_EQ(box.inspect("rx", "{{.State.Status}}"), "running");
      box.minidock_ok({"rm", "-f", "rx"});
    }
  }
}

TEST_F(Lifecycle, WaitPrintsTheExitCode) {
  box.run_detached({"--name", "wx"}, {"sh", "-c", "while ! test -e /go; do sleep 0.05; done; exit 6"});
  Background wait = box.start({"wait", "wx"});
  // Detached: the container may end, and everything in it, before touch has.
  box.minidock_ok({"exec", "-d", "wx", "touch", "/go"});
  const Result result = wait.wait();
  EXPECT_EQ(result.out, "6\n");
  EXPECT_EQ(result.exit_code, 0);
}

TEST_F(Lifecycle, RmRefusesARunningContainer) {
  box.run_detached({"--name", "rx"}, {"sleep", "600"});
  const Result result = box.minidock({"rm", "rx"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("You cannot remove a running container"));
  EXPECT_EQ(box.minidock_ok({"rm", "-f", "rx"}), "rx");
  EXPECT_EQ(box.minidock_ok({"ps", "-aq"}), "");
}

TEST_F(Lifecycle, RmGoesOnAfterAMissingOne) {
  box.run_detached({"--name", "rx"}, {"true"});
  box.minidock_ok({"wait", "rx"});
  const Result result = box.minidock({"rm", "missing", "rx"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("No such container: missing"));
  EXPECT_EQ(result.out, "rx\n");
}

TEST_F(Lifecycle, NothingIsLeftOnTheHost) {
  const std::string mounts = box.shell("cut -d' ' -f5 /proc/self/mountinfo | sort");
  box.run_detached({"--name", "nx", "-p", "18080:80", "-v", "vol:/data"}, {"sleep", "600"});
  box.minidock_ok({"rm", "-f", "nx"});
  EXPECT_TRUE(Sandbox::eventually([&] { return box.shell("ip -o link show type veth").empty(); }));
  EXPECT_EQ(box.shell("cut -d' ' -f5 /proc/self/mountinfo | sort"), mounts);
  EXPECT_THAT(box.shell("nft list ruleset"), testing::Not(HasSubstr("18080")));
  EXPECT_EQ(box.shell("ls " + box.path("root") + "/containers " + "/run/netns | grep -v : | grep . || true"), "");
}

TEST_F(Lifecycle, KilledForegroundCommandDoesNotStopTheContainer) {
  box.load("busybox");
  Background run = box.start({"run", "--name", "fg", "busybox", "sh", "-c", "echo up; sleep 600"});
  ASSERT_TRUE(Sandbox::eventually([&] { return run.out() == "up\n"; }));
  run.signal(SIGKILL);
  run.wait();
  EXPECT_EQ(box.inspect("fg", "{{.State.Status}}"), "running");
  EXPECT_EQ(box.minidock_ok({"exec", "fg", "echo", "alive"}), "alive");
}

TEST_F(Lifecycle, RunKilledAtAnyTimeLeaksNothing) {
  box.load("busybox");
  for (int attempt = 0; attempt < 40; ++attempt) {
    const std::string name = "kx" + std::to_string(attempt);
    Background run = box.start({"run", "--rm", "--name", name, "busybox", "sleep", "0.2"});
    usleep(static_cast<useconds_t>(attempt) * 700);
    run.signal(SIGKILL);
    run.wait();
  }
  // Each one either was undone or runs to its end and is removed; the next commands clean up.
  EXPECT_TRUE(Sandbox::eventually([&] {
    return box.minidock_ok({"ps", "-aq"}).empty();
  })) << box.minidock_ok({"ps", "-a"});
  EXPECT_EQ(box.shell("ls " + box.path("root") + "/containers"), "");
  EXPECT_TRUE(Sandbox::eventually([&] { return box.shell("ip -o link show type veth").empty(); }));
  const Result next = box.run({"--name", "kx1"}, {"echo", "fine"});
  EXPECT_EQ(next.out, "fine\n") << next.err;
}

TEST_F(Lifecycle, ProcessListShowsWhichContainerAShimHas) {
  const std::string id = box.run_detached({"--name", "cx"}, {"sleep", "600"});
  const std::string arguments = read_file("/proc/" + std::to_string(shim_of("cx")) + "/cmdline");
  EXPECT_EQ(arguments, "minidock-shim" + std::string(1, '\0') + id + std::string(1, '\0'));
}

// A systemd unit that starts a container ends, and is stopped, without it.
TEST_F(Lifecycle, ShimIsNotInTheCallersCgroup) {
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  const std::string own = read_file("/proc/" + std::to_string(shim_of("cx")) + "/cgroup");
  EXPECT_THAT(own, MatchesRegex("(.*\n)*0::/minidock-[0-9a-f]{8}/shims\n(.*\n)*"));
}

TEST_F(Lifecycle, KilledShimIsNoticed) {
  box.run_detached({"--name", "zx"}, {"sleep", "600"});
  const pid_t main_process = box.pid_of("zx");
  kill_process(shim_of("zx"), SIGKILL);
  EXPECT_TRUE(Sandbox::eventually([&] {
    const std::string state = status_field(main_process, "State");
    return state.empty() || state.starts_with("Z");
  })) << "the container outlives its shim";
  EXPECT_THAT(box.minidock_ok({"ps", "-a", "--format", "{{.Status}}"}), MatchesRegex("Exited \\([0-9]+\\) .*"));
  EXPECT_EQ(box.minidock_ok({"rm", "zx"}), "zx");
  EXPECT_EQ(box.run({"--name", "zx"}, {"echo", "again"}).out, "again\n");
}

TEST_F(Lifecycle, ForegroundRunPassesSignalsOn) {
  box.load("busybox");
  Background run = box.start(
      {"run", "--rm", "busybox", "sh", "-c", "trap 'echo got; exit 4' TERM; echo up; while :; do sleep 0.05; done"});
  ASSERT_TRUE(Sandbox::eventually([&] { return run.out() == "up\n"; }));
  run.signal(SIGTERM);
  const Result result = run.wait();
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_EQ(result.out, "up\ngot\n");
}

TEST_F(Lifecycle, ShimIsSmall) {
  box.run_detached({"--name", "mx"}, {"sleep", "600"});
  const std::string rollup = "/proc/" + std::to_string(shim_of("mx")) + "/smaps_rollup";
  const std::string kilobytes = box.host_ok({"awk", "/^Private_Dirty:/ {print $2}", rollup});
  EXPECT_GT(atoi(kilobytes.c_str()), 0);
  EXPECT_LE(atoi(kilobytes.c_str()), 1024);
}

TEST_F(Lifecycle, SystemDownIsRefusedWhileContainersRun) {
  box.run_detached({"--name", "dx"}, {"sleep", "600"});
  EXPECT_NE(box.minidock({"system", "down"}).exit_code, 0);
  box.minidock_ok({"rm", "-f", "dx"});
  box.minidock_ok({"system", "down"});
  EXPECT_EQ(box.shell("ip -o link show type bridge"), "");
  EXPECT_EQ(box.shell("nft list tables"), "");
}

}  // namespace
}  // namespace minidock::functional
