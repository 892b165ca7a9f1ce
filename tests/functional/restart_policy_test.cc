// --restart, health checks, --timeout: what the shim does by itself.
#include <csignal>

#include <gmock/gmock.h>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::HasSubstr;

class RestartPolicy : public FunctionalTest {
 protected:
  std::string status(const std::string& name) { return box.inspect(name, "{{.State.Status}} {{.State.ExitCode}}"); }
  int restarts(const std::string& name) { return atoi(box.inspect(name, "{{.RestartCount}}").c_str()); }
};

TEST_F(RestartPolicy, OnFailureGivesUpAfterItsCount) {
  box.run_detached({"--name", "cx", "--restart", "on-failure:2"}, {"sh", "-c", "echo run; exit 7"});
  EXPECT_EQ(box.minidock_ok({"wait", "cx"}), "7") << "of its first run";
  EXPECT_TRUE(Sandbox::eventually([&] { return status("cx") == "exited 7"; }));
  EXPECT_EQ(restarts("cx"), 2);
  EXPECT_EQ(box.minidock_ok({"logs", "cx"}), "run\nrun\nrun");
}

TEST_F(RestartPolicy, OnFailureLeavesASuccessAlone) {
  box.run_detached({"--name", "cx", "--restart", "on-failure"}, {"true"});
  EXPECT_EQ(box.minidock_ok({"wait", "cx"}), "0");
  EXPECT_EQ(restarts("cx"), 0);
}

TEST_F(RestartPolicy, AlwaysComesBackWithItsNetworkUntilStopped) {
  box.run_detached({"--name", "cx", "--restart", "always", "-p", "18082:80"},
                   {"sh", "-c", "test -e /second || { touch /second; exit 0; }; exec httpd -f -p 80 -h /etc"});
  EXPECT_TRUE(Sandbox::eventually([&] {
    return box.host({"wget", "-qO-", "http://127.0.0.1:18082/passwd"}).exit_code == 0;
  }));
  EXPECT_EQ(restarts("cx"), 1);
  EXPECT_EQ(box.minidock_ok({"exec", "cx", "echo", "in"}), "in");
  box.minidock_ok({"stop", "-t", "0", "cx"});
  EXPECT_EQ(status("cx"), "exited 137");
  EXPECT_EQ(box.shell("ls /run/netns"), "");
}

TEST_F(RestartPolicy, StopEndsTheWaitBetweenTwoRuns) {
  box.run_detached({"--name", "cx", "--restart", "always"}, {"false"});
  // After some failures the pauses are longer than this test looks.
  EXPECT_TRUE(Sandbox::eventually([&] { return restarts("cx") >= 4; }));
  EXPECT_TRUE(Sandbox::eventually([&] { return status("cx") == "restarting 1"; }));
  const Result exec = box.minidock({"exec", "cx", "true"});
  EXPECT_EQ(exec.exit_code, 1);
  EXPECT_THAT(exec.err, HasSubstr("is restarting, wait until the container is running"));
  EXPECT_THAT(box.minidock_ok({"ps", "--format", "{{.Status}}"}), HasSubstr("Restarting (1) "));
  box.minidock_ok({"stop", "cx"});
  EXPECT_EQ(status("cx"), "exited 1");
}

TEST_F(RestartPolicy, KillIsAStop) {
  box.run_detached({"--name", "cx", "--restart", "always"}, {"sleep", "600"});
  box.minidock_ok({"kill", "cx"});
  EXPECT_EQ(status("cx"), "exited 137");
  box.minidock_ok({"start", "cx"});
  EXPECT_EQ(status("cx"), "running 0");
  box.minidock_ok({"rm", "-f", "cx"});
  EXPECT_EQ(box.minidock_ok({"ps", "-aq"}), "");
}

TEST_F(RestartPolicy, DeathFromInsideIsRestarted) {
  box.run_detached({"--name", "cx", "--restart", "unless-stopped"}, {"sleep", "600"});
  kill_process(box.pid_of("cx"), SIGKILL);
  EXPECT_TRUE(Sandbox::eventually([&] { return restarts("cx") == 1 && status("cx") == "running 0"; }));
}

TEST_F(RestartPolicy, ForegroundRunReturnsAfterTheFirstEnd) {
  box.load("busybox");
  const Result result =
      box.minidock({"run", "--name", "cx", "--restart", "always", "busybox", "sh", "-c", "echo once; exit 5"});
  EXPECT_EQ(result.out, "once\n");
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_TRUE(Sandbox::eventually([&] { return restarts("cx") >= 1; }));
}

TEST_F(RestartPolicy, RefusesWhatMakesNoSense) {
  box.load("busybox");
  const std::pair<Arguments, const char*> cases[] = {
      {{"--restart", "sometimes"}, "invalid restart policy 'sometimes'"},
      {{"--restart", "on-failure:many"}, "maximum retry count must be an integer"},
      {{"--restart", "always:3"}, "maximum retry count cannot be used with restart policy 'always'"},
      {{"--restart", "always", "--rm"}, "Conflicting options: --restart and --rm"}};
  for (const auto& [options, message] : cases) {
    Arguments words{"run"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"busybox", "true"});
    const Result result = box.minidock(words);
    EXPECT_EQ(result.exit_code, 125);
    EXPECT_THAT(result.err, HasSubstr(message));
  }
  EXPECT_EQ(box.minidock_ok({"ps", "-aq"}), "");
}

class Health : public RestartPolicy {
 protected:
  const Arguments kFast{"--health-interval", "100ms", "--health-retries", "2"};
  std::string run_probed(Arguments options, const std::string& probe) {
    options.insert(options.end(), kFast.begin(), kFast.end());
    options.insert(options.end(), {"--health-cmd", probe});
    return box.run_detached(options, {"sh", "-c", "echo start; exec sleep 600"});
  }
  std::string health(const std::string& name) { return box.inspect(name, "{{.State.Health.Status}}"); }
};

TEST_F(Health, FollowsTheProbe) {
  run_probed({"--name", "cx"}, "test -e /ok && echo fine");
  EXPECT_TRUE(Sandbox::eventually([&] { return health("cx") == "unhealthy"; }));
  EXPECT_THAT(box.minidock_ok({"ps", "--format", "{{.Status}}"}), HasSubstr("(unhealthy)"));
  box.minidock_ok({"exec", "cx", "touch", "/ok"});
  EXPECT_EQ(box.minidock_ok({"wait", "--condition", "healthy", "cx"}), "0");
  EXPECT_EQ(box.minidock_ok({"ps", "-q", "--filter", "health=unhealthy"}), "");
  EXPECT_NE(box.minidock_ok({"ps", "-q", "--filter", "health=healthy"}), "");
  EXPECT_EQ(box.inspect("cx", "{{.State.Health.FailingStreak}}"), "0");
  EXPECT_THAT(box.inspect("cx", "{{json .State.Health.Log}}"), HasSubstr("\"Output\":\"fine\\n\""));
}

TEST_F(Health, SlowProbeIsKilledAndFails) {
  run_probed({"--name", "cx", "--health-timeout", "100ms"}, "sleep 600");
  EXPECT_TRUE(Sandbox::eventually([&] { return health("cx") == "unhealthy"; }));
  EXPECT_THAT(box.inspect("cx", "{{json .State.Health.Log}}"), HasSubstr("Health check exceeded timeout (100ms)"));
}

TEST_F(Health, FailuresInTheStartPeriodDoNotCount) {
  run_probed({"--name", "cx", "--health-start-period", "600s", "--health-start-interval", "50ms"}, "false");
  EXPECT_TRUE(Sandbox::eventually([&] { return box.inspect("cx", "{{len .State.Health.Log}}") == "5"; }));
  EXPECT_EQ(health("cx"), "starting");
}

TEST_F(Health, OnFailureRestartsKillsOrStops) {
  run_probed({"--name", "again", "--health-on-failure", "restart", "--stop-timeout", "0"}, "false");
  run_probed({"--name", "dead", "--health-on-failure", "kill"}, "false");
  run_probed({"--name", "over", "--health-on-failure", "stop", "--restart", "always", "--stop-timeout", "0"}, "false");
  EXPECT_TRUE(Sandbox::eventually([&] { return restarts("again") >= 1; }));
  EXPECT_TRUE(Sandbox::eventually([&] { return status("dead") == "exited 137"; }));
  EXPECT_TRUE(Sandbox::eventually([&] { return status("over") == "exited 137"; }));
}

TEST_F(Health, LabelSaysWhatTheCommandLineDoesNot) {
  run_probed({"--name", "cx", "--label", "org.minidock.health-on-failure=kill"}, "false");
  EXPECT_TRUE(Sandbox::eventually([&] { return status("cx") == "exited 137"; }));
}

TEST_F(Health, NoHealthcheckSwitchesItOff) {
  box.load("busybox");
  const Result result = box.run({"--no-healthcheck", "--health-cmd", "true"}, {"true"});
  EXPECT_EQ(result.exit_code, 125);
  EXPECT_THAT(result.err, HasSubstr("--no-healthcheck conflicts with --health-* options"));
  box.run_detached({"--name", "cx", "--no-healthcheck"}, {"sleep", "600"});
  EXPECT_EQ(box.inspect("cx", "{{json .Config.Healthcheck.Test}}"), "[\"NONE\"]");
}

TEST_F(RestartPolicy, TimeoutKills) { EXPECT_EQ(box.run({"--timeout", "1"}, {"sleep", "600"}).exit_code, 137); }

}  // namespace
}  // namespace minidock::functional
