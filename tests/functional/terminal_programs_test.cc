// Programs that live on a terminal behave as they do without a container: shells with job control, editors, top.
#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/functional/terminal.h"

namespace minidock::functional {
namespace {

class TerminalPrograms : public FunctionalTest {
 protected:
  TerminalPrograms() { box.run_detached({"--name", "tx"}, {"sleep", "600"}); }
  bool begins(const std::string& arguments) {
    return Sandbox::eventually([&] {
      return box.minidock({"exec", "tx", "sh", "-c", "ps -o args | grep -qxF '" + arguments + "'"}).exit_code == 0;
    });
  }
};

TEST_F(TerminalPrograms, ExecedShellHasJobControl) {
  Terminal terminal(box.command({"exec", "-it", "tx", "sh"}));
  ASSERT_TRUE(terminal.shows("# "));
  terminal.type("sleep 621; echo after=$?\r");
  ASSERT_TRUE(begins("sleep 621"));
  terminal.type("\x1a");  // ctrl-z
  EXPECT_TRUE(terminal.shows("Stopped")) << terminal.screen();
  terminal.type("bg\r");
  EXPECT_TRUE(terminal.shows("sleep 621")) << terminal.screen();
  terminal.type("jobs\r");
  EXPECT_TRUE(terminal.shows("Running")) << terminal.screen();
  terminal.type("kill %1; wait; echo all=done\r");
  EXPECT_TRUE(terminal.shows("all=done")) << terminal.screen();
  terminal.type("exit 9\r");
  EXPECT_EQ(terminal.wait(), 9);
  EXPECT_TRUE(terminal.has_first_mode());
}

TEST_F(TerminalPrograms, ExecFollowsTheWindow) {
  // No shell that reads lines: its editor has a handler of its own for the signal while it waits.
  const std::string script =
      "trap 'echo changed to $(stty size)' WINCH; echo begins with $(stty size); while :; do sleep 0.05; done";
  Terminal terminal(box.command({"exec", "-it", "tx", "sh", "-c", script}), 30, 100);
  ASSERT_TRUE(terminal.shows("begins with 30 100")) << terminal.screen();
  terminal.resize(44, 111);
  EXPECT_TRUE(terminal.shows("changed to 44 111")) << terminal.screen();
  terminal.type("\x03");
  EXPECT_EQ(terminal.wait(), 130);
}

TEST_F(TerminalPrograms, AnEditorEdits) {
  Terminal terminal(box.command({"exec", "-it", "tx", "vi", "/edited"}));
  ASSERT_TRUE(terminal.shows("/edited")) << terminal.screen();
  terminal.type("ihello from vi");
  ASSERT_TRUE(terminal.shows("hello from vi")) << terminal.screen();
  // An escape with something right behind it would be the sequence of a key.
  terminal.type("\x1b");
  usleep(500'000);
  terminal.type(":wq\r");
  EXPECT_EQ(terminal.wait(), 0);
  EXPECT_TRUE(terminal.has_first_mode());
  EXPECT_EQ(box.minidock_ok({"exec", "tx", "cat", "/edited"}), "hello from vi");
}

TEST_F(TerminalPrograms, TopRefreshesAndQuits) {
  Terminal terminal(box.command({"exec", "-it", "tx", "top", "-d", "1"}));
  ASSERT_TRUE(terminal.shows("PID")) << terminal.screen();
  EXPECT_TRUE(terminal.shows("PID")) << terminal.screen();  // the second picture
  terminal.type("q");
  EXPECT_EQ(terminal.wait(), 0);
  EXPECT_TRUE(terminal.has_first_mode());
}

// ctrl-z belongs to the program inside; the shell outside stops the client when somebody sends it the signal, and `fg`
// gives it its raw mode back.
TEST_F(TerminalPrograms, AStoppedClientComesBackRaw) {
  std::string line;
  for (const std::string& word : box.command({"exec", "-it", "tx", "cat"})) line += word + " ";
  Terminal terminal({"bash", "--norc", "-i"});
  terminal.type("PS1='outer> '\r");
  ASSERT_TRUE(terminal.shows("outer> ")) << terminal.screen();
  terminal.type(line + "\r");
  ASSERT_TRUE(begins("cat"));
  terminal.type("one\r");
  ASSERT_TRUE(terminal.shows("one\r\none")) << terminal.screen();
  box.shell("pkill -STOP -P " + std::to_string(terminal.pid()) + " minidock");
  EXPECT_TRUE(terminal.shows("outer> ")) << terminal.screen();
  terminal.type("fg\r");
  ASSERT_TRUE(terminal.shows("exec -it")) << terminal.screen();
  usleep(200'000);
  terminal.type("two\r");
  EXPECT_TRUE(terminal.shows("two\r\ntwo")) << terminal.screen();
  terminal.type("\x04");  // ctrl-d ends cat inside
  EXPECT_TRUE(terminal.shows("outer> ")) << terminal.screen();
  terminal.type("exit\r");
  terminal.wait();
}

}  // namespace
}  // namespace minidock::functional
