// create, start, restart, attach, rename, port.
#include <gmock/gmock.h>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Start : public FunctionalTest {
 protected:
  std::string create(const Arguments& options, const Arguments& program) {
    box.load("busybox");
    Arguments words{"create"};
    words.insert(words.end(), options.begin(), options.end());
    words.emplace_back("busybox");
    words.insert(words.end(), program.begin(), program.end());
    return box.minidock_ok(words);
  }
  std::string status(const std::string& name) { return box.inspect(name, "{{.State.Status}} {{.State.ExitCode}}"); }
};

TEST_F(Start, CreatedContainerRunsLater) {
  const std::string id = create({"--name", "cx"}, {"sh", "-c", "echo hi; exit 3"});
  EXPECT_EQ(id.size(), 64U);
  EXPECT_EQ(status("cx"), "created 0");
  EXPECT_EQ(box.minidock_ok({"ps", "-q"}), "");
  EXPECT_EQ(box.minidock_ok({"start", "cx"}), "cx");
  EXPECT_EQ(box.minidock_ok({"wait", "cx"}), "3");
  EXPECT_EQ(status("cx"), "exited 3");
  EXPECT_EQ(box.minidock_ok({"logs", "cx"}), "hi");
}

TEST_F(Start, KeepsWhatTheContainerWroteBefore) {
  create({"--name", "cx"}, {"sh", "-c", "echo line >> /log; cat /log"});
  const Result first = box.minidock({"start", "-a", "cx"});
  const Result second = box.minidock({"start", "-a", "cx"});
  EXPECT_EQ(first.out, "line\n") << first.err;
  EXPECT_EQ(second.out, "line\nline\n") << second.err;
}

TEST_F(Start, AttachedStartHasInputAndExitCode) {
  create({"-i", "--name", "cx"}, {"sh", "-c", "read word; echo got $word; exit 4"});
  const Result result = box.minidock({"start", "-ai", "cx"}, "hello\n");
  EXPECT_EQ(result.out, "got hello\n") << result.err;
  EXPECT_EQ(result.exit_code, 4);
}

TEST_F(Start, RunningContainerIsLeftAlone) {
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  const std::string started = box.inspect("cx", "{{.State.StartedAt}}");
  EXPECT_EQ(box.minidock_ok({"start", "cx"}), "cx");
  EXPECT_EQ(box.inspect("cx", "{{.State.StartedAt}}"), started);
}

TEST_F(Start, MissingProgramLeavesACreatedContainer) {
  create({"--name", "cx"}, {"no-such-program"});
  const Result result = box.minidock({"start", "cx"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("no-such-program"));
  EXPECT_THAT(result.err, HasSubstr("failed to start containers: cx"));
  EXPECT_EQ(status("cx"), "created 127");
  EXPECT_EQ(box.minidock_ok({"rm", "cx"}), "cx");
}

TEST_F(Start, OfSeveralGoesOnAfterAMissingOne) {
  create({"--name", "cx"}, {"true"});
  const Result result = box.minidock({"start", "missing", "cx"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out, "cx\n");
  EXPECT_THAT(result.err, HasSubstr("No such container: missing"));
  const Result attached = box.minidock({"start", "-a", "cx", "missing"});
  EXPECT_EQ(attached.exit_code, 1);
  EXPECT_THAT(attached.err, HasSubstr("you cannot start and attach multiple containers at once"));
}

TEST_F(Start, CreatedWithRmGoesWithItsEnd) {
  create({"--rm", "--name", "cx"}, {"echo", "once"});
  EXPECT_EQ(box.minidock({"start", "-a", "cx"}).out, "once\n");
  EXPECT_EQ(box.minidock_ok({"ps", "-aq"}), "");
}

TEST_F(Start, ManyAtOnceStartOnce) {
  create({"--name", "cx"}, {"sleep", "600"});
  std::vector<Background> commands;
  for (int i = 0; i < 6; ++i) commands.push_back(box.start({"start", "cx"}));
  for (Background& command : commands) {
    const Result result = command.wait();
    EXPECT_EQ(result.exit_code, 0) << result.err;
  }
  EXPECT_EQ(status("cx"), "running 0");
}

TEST_F(Start, RestartMakesANewProcess) {
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  const pid_t before = box.pid_of("cx");
  EXPECT_EQ(box.minidock_ok({"restart", "-t", "0", "cx"}), "cx");
  EXPECT_NE(box.pid_of("cx"), before);
  EXPECT_EQ(status("cx"), "running 0");
  box.minidock_ok({"stop", "-t", "0", "cx"});
  EXPECT_EQ(box.minidock_ok({"restart", "cx"}), "cx");
  EXPECT_EQ(status("cx"), "running 0");
}

TEST_F(Start, AddressAndPortComeBack) {
  box.run_detached({"--name", "cx", "-p", "18081:80"}, {"httpd", "-f", "-p", "80", "-h", "/etc"});
  box.minidock_ok({"restart", "-t", "0", "cx"});
  EXPECT_EQ(box.minidock_ok({"port", "cx"}), "80/tcp -> 0.0.0.0:18081");
  EXPECT_EQ(box.minidock_ok({"port", "cx", "80"}), "0.0.0.0:18081");
  const Result missing = box.minidock({"port", "cx", "81/udp"});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_THAT(missing.err, HasSubstr("No public port '81/udp' published for cx"));
  EXPECT_TRUE(Sandbox::eventually([&] {
    return box.host({"wget", "-qO-", "http://127.0.0.1:18081/passwd"}).exit_code == 0;
  }));
}

TEST_F(Start, AttachJoinsTheOutputAndTellsTheExitCode) {
  box.run_detached({"-i", "--name", "cx"}, {"sh", "-c", "read word; echo got $word; exit 6"});
  const Result result = box.minidock({"attach", "cx"}, "there\n");
  EXPECT_EQ(result.out, "got there\n") << result.err;
  EXPECT_EQ(result.exit_code, 6);
  const Result again = box.minidock({"attach", "cx"});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.err, HasSubstr("You cannot attach to a stopped container, start it first"));
}

TEST_F(Start, RenameMovesEveryName) {
  box.run_detached({"--name", "old"}, {"sleep", "600"});
  box.minidock_ok({"rename", "old", "new"});
  EXPECT_EQ(box.minidock_ok({"ps", "--format", "{{.Names}}"}), "new");
  EXPECT_EQ(box.minidock_ok({"exec", "new", "echo", "in"}), "in");
  EXPECT_THAT(box.minidock({"exec", "old", "true"}).err, HasSubstr("No such container: old"));
  EXPECT_EQ(box.shell("ls /run/netns"), "new");
  box.run_detached({"--name", "old"}, {"sleep", "600"});
  const Result taken = box.minidock({"rename", "new", "old"});
  EXPECT_EQ(taken.exit_code, 1);
  EXPECT_THAT(taken.err, HasSubstr("Conflict. The container name \"/old\" is already in use by container"));
  EXPECT_THAT(box.minidock({"rename", "new", "new"}).err, HasSubstr("with the same name as its current name"));
  box.minidock_ok({"rm", "-f", "new", "old"});
  EXPECT_EQ(box.shell("ls /run/netns"), "");
}

TEST_F(Start, ReplaceTakesTheName) {
  const std::string first = box.run_detached({"--name", "cx"}, {"sleep", "600"});
  const std::string second = box.run_detached({"--name", "cx", "--replace"}, {"sleep", "600"});
  EXPECT_NE(first, second);
  EXPECT_EQ(box.minidock_ok({"ps", "-aq", "--no-trunc"}), second);
}

TEST_F(Start, FailedCreateLeavesNothing) {
  create({"--name", "cx"}, {"true"});
  const std::string state = box.shell("find " + box.path("state") + " -name lock | wc -l");
  const Result result = box.minidock({"run", "--name", "cx", "--cidfile", box.path("cid"), "busybox", "true"});
  EXPECT_EQ(result.exit_code, 125);
  EXPECT_THAT(result.err, HasSubstr("Conflict."));
  EXPECT_EQ(box.shell("find " + box.path("state") + " -name lock | wc -l"), state);
  EXPECT_EQ(box.shell("ls " + box.path("cid") + " 2>/dev/null || true"), "");
}

}  // namespace
}  // namespace minidock::functional
