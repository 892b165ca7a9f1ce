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
    box.minidock({"run", "--name", "l", "busybox", "sh", "-c", script});
  }
};

TEST_F(Logs, StreamsAreKeptApart) {
  finished("echo one; echo two >&2");
  const Result result = box.minidock({"logs", "l"});
  EXPECT_EQ(result.out, "one\n");
  EXPECT_EQ(result.err, "two\n");
}

TEST_F(Logs, Tail) {
  finished("seq 100");
  EXPECT_EQ(box.minidock_ok({"logs", "--tail", "2", "l"}), "99\n100");
  EXPECT_EQ(box.minidock_ok({"logs", "-n", "0", "l"}), "");
  EXPECT_EQ(lines_of(box.minidock_ok({"logs", "--tail", "all", "l"})).size(), 100u);
}

TEST_F(Logs, Timestamps) {
  finished("echo one");
  EXPECT_THAT(box.minidock_ok({"logs", "-t", "l"}), MatchesRegex("[0-9]+-[0-9][0-9]-[0-9][0-9]T[0-9:]+\\.[0-9]+Z one"));
}

TEST_F(Logs, Since) {
  finished("echo one");
  EXPECT_EQ(box.minidock_ok({"logs", "--since", "1h", "l"}), "one");
  EXPECT_EQ(box.minidock_ok({"logs", "--since", "2100-01-01T00:00:00Z", "l"}), "");
  EXPECT_NE(box.minidock({"logs", "--since", "nonsense", "l"}).exit_code, 0);
}

TEST_F(Logs, FollowEndsWithTheContainer) {
  box.run_detached({"--name", "f"}, {"sh", "-c", "echo one; while ! test -e /go; do sleep 0.05; done; echo two"});
  Background follow = box.start({"logs", "-f", "f"});
  EXPECT_TRUE(Sandbox::eventually([&] { return follow.out() == "one\n"; })) << follow.out();
  box.minidock_ok({"exec", "f", "touch", "/go"});
  const Result result = follow.wait();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "one\ntwo\n");
}

TEST_F(Logs, LastLineWithoutNewlineAndLongLines) {
  finished("head -c 40000 /dev/zero | tr '\\0' x; echo; printf end");
  EXPECT_EQ(box.minidock({"logs", "l"}).out, std::string(40000, 'x') + "\nend");
}

TEST_F(Logs, FileIsDockersJson) {
  finished("echo one");
  const std::string file = box.inspect("l", "{{.LogPath}}");
  EXPECT_EQ(box.host_ok({"jq", "-r", ".log + .stream", file}), "one\nstdout");
  EXPECT_THAT(file, HasSubstr("-json.log"));
}

}  // namespace
}  // namespace minidock::functional
