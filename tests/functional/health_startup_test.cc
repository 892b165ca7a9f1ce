// --health-startup-…, and the shell that runs a probe.
#include <gmock/gmock.h>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::HasSubstr;

class HealthStartup : public FunctionalTest {
 protected:
  std::string health(const std::string& name) { return box.inspect(name, "{{.State.Health.Status}}"); }
};

TEST_F(HealthStartup, GoesBeforeTheHealthCheck) {
  box.run_detached({"--name", "cx", "--health-cmd", "echo proper; test -e /started", "--health-interval", "100ms",
                    "--health-retries", "1", "--health-startup-cmd", "test -e /started", "--health-startup-interval",
                    "100ms", "--health-startup-success", "2"},
                   {"sleep", "600"});
  EXPECT_TRUE(Sandbox::eventually([&] { return box.inspect("cx", "{{len .State.Health.Log}}") == "5"; }));
  // One failure of the check proper would be enough.
  EXPECT_EQ(health("cx"), "starting");
  box.minidock_ok({"exec", "cx", "touch", "/started"});
  EXPECT_TRUE(Sandbox::eventually([&] { return health("cx") == "healthy"; }));
  EXPECT_EQ(box.inspect("cx", "{{.Config.StartupHealthCheck.Successes}} {{index .Config.StartupHealthCheck.Test 1}}"),
            "2 test -e /started");
}

TEST_F(HealthStartup, TooManyFailuresRestartTheContainer) {
  box.run_detached({"--name", "cx", "--stop-timeout", "0", "--health-cmd", "true", "--health-startup-cmd", "false",
                    "--health-startup-interval", "50ms", "--health-startup-retries", "3"},
                   {"sleep", "600"});
  EXPECT_TRUE(Sandbox::eventually([&] { return box.inspect("cx", "{{.RestartCount}}") >= "1"; }));
  box.minidock_ok({"rm", "-f", "cx"});
}

TEST_F(HealthStartup, AProbeThatHangsIsAFailure) {
  box.run_detached(
      {"--name", "cx", "--stop-timeout", "0", "--health-cmd", "true", "--health-startup-cmd", "sleep 600",
       "--health-startup-interval", "50ms", "--health-startup-timeout", "50ms", "--health-startup-retries", "1"},
      {"sleep", "600"});
  EXPECT_TRUE(Sandbox::eventually([&] { return box.inspect("cx", "{{.RestartCount}}") >= "1"; }));
  box.minidock_ok({"rm", "-f", "cx"});
}

TEST_F(HealthStartup, NeedsAHealthCheckAndACommand) {
  const Result alone = box.run({"--health-startup-cmd", "true"}, {"true"});
  EXPECT_EQ(alone.exit_code, 125);
  EXPECT_THAT(alone.err, HasSubstr("a startup healthcheck needs a healthcheck"));
  const Result without = box.run({"--health-cmd", "true", "--health-startup-retries", "2"}, {"true"});
  EXPECT_EQ(without.exit_code, 125);
  EXPECT_THAT(without.err, HasSubstr("need --health-startup-cmd"));
}

TEST_F(HealthStartup, CmdShellIsTheImagesShell) {
  // The fixture with another SHELL, which says that it was called.
  box.shell(
      "mkdir " + box.path("image") + " && cd " + box.path("image") + " && tar -xf " + images_directory() +
      "/busybox.tar && config=$(jq -r '.[0].Config' manifest.json) && "
      "jq -c '.config.Shell = [\"/bin/env\", \"SHELL_IS=ours\", \"/bin/sh\", \"-c\"]' $config > new && "
      "sum=$(sha256sum new | cut -d' ' -f1) && mv new blobs/sha256/$sum && rm -f index.json oci-layout && "
      "jq -c --arg c blobs/sha256/$sum '.[0].Config = $c | .[0].RepoTags = [\"shell:latest\"]' manifest.json > m && "
      "mv m manifest.json && tar -cf ../shell.tar .");
  box.minidock_ok({"load", "-q", "-i", box.path("shell.tar")});
  EXPECT_EQ(box.minidock_ok({"inspect", "--format", "{{json .Config.Shell}}", "shell"}),
            R"(["/bin/env","SHELL_IS=ours","/bin/sh","-c"])");
  box.minidock_ok({"run", "-d", "--name", "cx", "--health-cmd", "echo shell is $SHELL_IS", "--health-interval", "100ms",
                   "shell", "sleep", "600"});
  EXPECT_TRUE(Sandbox::eventually([&] { return health("cx") == "healthy"; }));
  EXPECT_EQ(box.inspect("cx", "{{(index .State.Health.Log 0).Output}}"), "shell is ours");
  box.minidock_ok({"commit", "cx", "again"});
  EXPECT_THAT(box.minidock_ok({"inspect", "--format", "{{json .Config.Shell}}", "again"}), HasSubstr("SHELL_IS=ours"));
}

}  // namespace
}  // namespace minidock::functional
