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
  box.run_detached({"--name", "s"}, {"sh", "-c", "trap 'exit 5' TERM; while :; do sleep 0.05; done"});
  EXPECT_EQ(box.minidock_ok({"stop", "s"}), "s");
  EXPECT_EQ(state("s"), "exited 5");
}

TEST_F(Lifecycle, StopKillsAfterTheTimeout) {
  box.run_detached({"--name", "s"}, {"sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"});
  EXPECT_EQ(box.minidock_ok({"stop", "-t", "1", "s"}), "s");
  EXPECT_EQ(state("s"), "exited 137");
  EXPECT_EQ(box.minidock_ok({"stop", "s"}), "s");
}

TEST_F(Lifecycle, KillSendsTheGivenSignal) {
  box.run_detached({"--name", "k"}, {"sh", "-c", "trap 'exit 9' USR1; while :; do sleep 0.05; done"});
  box.minidock_ok({"kill", "-s", "USR1", "k"});
  EXPECT_EQ(box.minidock_ok({"wait", "k"}), "9");
  box.run_detached({"--name", "k2"}, {"sleep", "600"});
  EXPECT_EQ(box.minidock_ok({"kill", "k2"}), "k2");
  EXPECT_EQ(box.minidock_ok({"wait", "k2"}), "137");
  const Result result = box.minidock({"kill", "k2"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("is not running"));
}

TEST_F(Lifecycle, WaitPrintsTheExitCode) {
  box.run_detached({"--name", "w"}, {"sh", "-c", "while ! test -e /go; do sleep 0.05; done; exit 6"});
  Background wait = box.start({"wait", "w"});
  box.minidock_ok({"exec", "w", "touch", "/go"});
  const Result result = wait.wait();
  EXPECT_EQ(result.out, "6\n");
  EXPECT_EQ(result.exit_code, 0);
}

TEST_F(Lifecycle, RmRefusesARunningContainer) {
  box.run_detached({"--name", "r"}, {"sleep", "600"});
  const Result result = box.minidock({"rm", "r"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("You cannot remove a running container"));
  EXPECT_EQ(box.minidock_ok({"rm", "-f", "r"}), "r");
  EXPECT_EQ(box.minidock_ok({"ps", "-aq"}), "");
}

TEST_F(Lifecycle, RmGoesOnAfterAMissingOne) {
  box.run_detached({"--name", "r"}, {"true"});
  box.minidock_ok({"wait", "r"});
  const Result result = box.minidock({"rm", "missing", "r"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("No such container: missing"));
  EXPECT_EQ(result.out, "r\n");
}

TEST_F(Lifecycle, NothingIsLeftOnTheHost) {
  const std::string mounts = box.shell("cut -d' ' -f5 /proc/self/mountinfo | sort");
  box.run_detached({"--name", "n", "-p", "18080:80", "-v", "vol:/data"}, {"sleep", "600"});
  box.minidock_ok({"rm", "-f", "n"});
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
    const std::string name = "k" + std::to_string(attempt);
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
  const Result next = box.run({"--name", "k1"}, {"echo", "fine"});
  EXPECT_EQ(next.out, "fine\n") << next.err;
}

TEST_F(Lifecycle, KilledShimIsNoticed) {
  box.run_detached({"--name", "z"}, {"sleep", "600"});
  const pid_t main_process = box.pid_of("z");
  kill(shim_of("z"), SIGKILL);
  EXPECT_TRUE(Sandbox::eventually([&] { return kill(main_process, 0) != 0; })) << "the container outlives its shim";
  EXPECT_THAT(box.minidock_ok({"ps", "-a", "--format", "{{.Status}}"}), MatchesRegex("Exited \\([0-9]+\\) .*"));
  EXPECT_EQ(box.minidock_ok({"rm", "z"}), "z");
  EXPECT_EQ(box.run({"--name", "z"}, {"echo", "again"}).out, "again\n");
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
  box.run_detached({"--name", "m"}, {"sleep", "600"});
  const std::string rollup = "/proc/" + std::to_string(shim_of("m")) + "/smaps_rollup";
  const std::string kilobytes = box.host_ok({"awk", "/^Private_Dirty:/ {print $2}", rollup});
  EXPECT_GT(atoi(kilobytes.c_str()), 0);
  EXPECT_LE(atoi(kilobytes.c_str()), 1024);
}

TEST_F(Lifecycle, SystemDownIsRefusedWhileContainersRun) {
  box.run_detached({"--name", "d"}, {"sleep", "600"});
  EXPECT_NE(box.minidock({"system", "down"}).exit_code, 0);
  box.minidock_ok({"rm", "-f", "d"});
  box.minidock_ok({"system", "down"});
  EXPECT_EQ(box.shell("ip -o link show type bridge"), "");
  EXPECT_EQ(box.shell("nft list tables"), "");
}

}  // namespace
}  // namespace minidock::functional
