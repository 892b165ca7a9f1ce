#include <gmock/gmock.h>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

class Logs : public FunctionalTest {
 protected:
  void finished(const std::string& script) {
    box.load("busybox");
    box.minidock({"run", "--name", "lx", "busybox", "sh", "-c", script});
  }
};

TEST_F(Logs, StreamsAreKeptApart) {
  finished("echo one; echo two >&2");
  const Result result = box.minidock({"logs", "lx"});
  EXPECT_EQ(result.out, "one\n");
  EXPECT_EQ(result.err, "two\n");
}

TEST_F(Logs, Tail) {
  finished("seq 100");
  EXPECT_EQ(box.minidock_ok({"logs", "--tail", "2", "lx"}), "99\n100");
  EXPECT_EQ(box.minidock_ok({"logs", "-n", "0", "lx"}), "");
  EXPECT_EQ(lines_of(box.minidock_ok({"logs", "--tail", "all", "lx"})).size(), 100u);
}

TEST_F(Logs, Timestamps) {
  finished("echo one");
  EXPECT_THAT(box.minidock_ok({"logs", "-t", "lx"}),
              MatchesRegex("[0-9]+-[0-9][0-9]-[0-9][0-9]T[0-9:]+\\.[0-9]+Z one"));
}

TEST_F(Logs, Since) {
  finished("echo one");
  EXPECT_EQ(box.minidock_ok({"logs", "--since", "1h", "lx"}), "one");
  EXPECT_EQ(box.minidock_ok({"logs", "--since", "2100-01-01T00:00:00Z", "lx"}), "");
  EXPECT_NE(box.minidock({"logs", "--since", "nonsense", "lx"}).exit_code, 0);
}

TEST_F(Logs, FollowEndsWithTheContainer) {
  box.run_detached({"--name", "fx"}, {"sh", "-c", "echo one; while ! test -e /go; do sleep 0.05; done; echo two"});
  Background follow = box.start({"logs", "-f", "fx"});
  EXPECT_TRUE(Sandbox::eventually([&] { return follow.out() == "one\n"; })) << follow.out();
  box.minidock_ok({"exec", "fx", "touch", "/go"});
  const Result result = follow.wait();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "one\ntwo\n");
}

TEST_F(Logs, LastLineWithoutNewlineAndLongLines) {
  finished("head -c 40000 /dev/zero | tr '\\0' x; echo; printf end");
  EXPECT_EQ(box.minidock({"logs", "lx"}).out, std::string(40000, 'x') + "\nend");
}

TEST_F(Logs, FileIsDockersJson) {
  finished("echo one");
  const std::string file = box.inspect("lx", "{{.LogPath}}");
  EXPECT_EQ(box.host_ok({"jq", "-r", ".log + .stream", file}), "one\nstdout");
  EXPECT_THAT(file, HasSubstr("-json.log"));
}

}  // namespace
}  // namespace minidock::functional
