// -t: a real pseudo-terminal.
#include "tests/functional/terminal.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <csignal>

namespace minidock::functional {
namespace {

using testing::HasSubstr;

class OnTerminal : public FunctionalTest {
 protected:
  OnTerminal() { box.load("busybox"); }
};

TEST_F(OnTerminal, ShellTalks) {
  Terminal terminal(box.command({"run", "--rm", "-it", "busybox", "sh"}));
  ASSERT_TRUE(terminal.shows("# ")) << terminal.screen();
  terminal.type("tty; echo TERM=$TERM\r");
  EXPECT_TRUE(terminal.shows("/dev/pts/0")) << terminal.screen();
  EXPECT_TRUE(terminal.shows("TERM=xterm")) << terminal.screen();
  terminal.type("exit 3\r");
  EXPECT_EQ(terminal.wait(), 3);
  EXPECT_TRUE(terminal.has_first_mode());
}

TEST_F(OnTerminal, JobControlAndInterrupt) {
  Terminal terminal(box.command({"run", "--rm", "-it", "busybox", "sh"}));
  ASSERT_TRUE(terminal.shows("# "));
  terminal.type("sleep 600\r");
  ASSERT_TRUE(terminal.shows("sleep 600"));
  usleep(200'000);
  terminal.type("\x1a");  // ctrl-z
  EXPECT_TRUE(terminal.shows("Stopped")) << terminal.screen();
  terminal.type("fg\r");
  usleep(200'000);
  terminal.type("\x03");  // ctrl-c
  terminal.type("echo code=$?\r");
  EXPECT_TRUE(terminal.shows("code=130")) << terminal.screen();
  terminal.type("exit\r");
  terminal.wait();
}

TEST_F(OnTerminal, WindowSizeFollows) {
  Terminal terminal(box.command({"run", "--rm", "-it", "busybox", "sh"}), 30, 100);
  ASSERT_TRUE(terminal.shows("# "));
  terminal.type("stty size\r");
  EXPECT_TRUE(terminal.shows("30 100")) << terminal.screen();
  terminal.resize(40, 120);
  EXPECT_TRUE(Sandbox::eventually([&] {
    terminal.type("stty size\r");
    return terminal.shows("40 120");
  })) << terminal.screen();
  terminal.type("exit\r");
  terminal.wait();
}

TEST_F(OnTerminal, WindowHasItsSizeBeforeTheProgramStarts) {
  for (int round = 0; round < 5; ++round) {
    Terminal terminal(box.command({"run", "--rm", "-it", "busybox", "stty", "size"}), 37, 58);
    EXPECT_TRUE(terminal.shows("37 58")) << terminal.screen();
    EXPECT_EQ(terminal.wait(), 0);
  }
  box.minidock_ok({"create", "-it", "--name", "sx", "busybox", "stty", "size"});
  Terminal terminal(box.command({"start", "-ai", "sx"}), 38, 59);
  EXPECT_TRUE(terminal.shows("38 59")) << terminal.screen();
}

TEST_F(OnTerminal, DetachKeysLeaveTheContainerRunning) {
  Terminal terminal(box.command({"run", "-it", "--name", "dx", "busybox", "sh"}));
  ASSERT_TRUE(terminal.shows("# "));
  terminal.type("\x10\x11");  // ctrl-p ctrl-q
  EXPECT_EQ(terminal.wait(), 0);
  EXPECT_TRUE(terminal.has_first_mode());
  EXPECT_EQ(box.inspect("dx", "{{.State.Status}}"), "running");
}

TEST_F(OnTerminal, DetachKeysCanComeFromDockersConfig) {
  const std::string config = box.write_file("docker/config.json", R"({"detachKeys": "ctrl-x,x"})");
  const std::string directory = config.substr(0, config.rfind('/'));
  Terminal terminal(box.command({"--config", directory, "run", "-it", "--name", "dx", "busybox", "sh"}));
  ASSERT_TRUE(terminal.shows("# "));
  terminal.type("\x18x");
  EXPECT_EQ(terminal.wait(), 0);
  Terminal attached(box.command({"--config", directory, "attach", "dx"}));
  attached.type("\r");
  ASSERT_TRUE(attached.shows("# "));
  attached.type("\x18x");
  EXPECT_EQ(attached.wait(), 1);
  EXPECT_EQ(box.inspect("dx", "{{.State.Status}}"), "running");
}

TEST_F(OnTerminal, ExecHasATerminalToo) {
  box.minidock_ok({"run", "-d", "--name", "ex", "busybox", "sleep", "600"});
  Terminal terminal(box.command({"exec", "-it", "ex", "sh"}), 33, 90);
  ASSERT_TRUE(terminal.shows("# ")) << terminal.screen();
  terminal.type("tty; stty size; exit 4\r");
  EXPECT_TRUE(terminal.shows("/dev/pts/")) << terminal.screen();
  EXPECT_TRUE(terminal.shows("33 90")) << terminal.screen();
  EXPECT_EQ(terminal.wait(), 4);
  EXPECT_TRUE(terminal.has_first_mode());
}

TEST_F(OnTerminal, DetachedContainerWithTerminalLogsWhatItShows) {
  box.minidock_ok({"run", "-dt", "--name", "tx", "busybox", "sh", "-c", "test -t 1 && echo is a terminal"});
  box.minidock_ok({"wait", "tx"});
  EXPECT_THAT(box.minidock({"logs", "tx"}).out, HasSubstr("is a terminal\r\n"));
}

TEST_F(OnTerminal, WithoutATerminalOfItsOwnMinusITIsRefused) {
  const Result result = box.run({"-it"}, {"true"});
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("the input device is not a TTY"));
}

TEST_F(OnTerminal, KilledCommandRestoresTheMode) {
  Terminal terminal(box.command({"run", "-it", "--name", "kx", "busybox", "sh"}));
  ASSERT_TRUE(terminal.shows("# "));
  EXPECT_FALSE(terminal.has_first_mode());
  kill(terminal.pid(), SIGTERM);
  terminal.wait();
  EXPECT_TRUE(terminal.has_first_mode());
}

}  // namespace
}  // namespace minidock::functional
