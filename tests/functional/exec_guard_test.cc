// `exec`: signals, ids, and clients that go away.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/functional/sandbox.h"
#include "tests/functional/terminal.h"

namespace minidock::functional {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class ExecGuarded : public FunctionalTest {
 protected:
  ExecGuarded() { box.run_detached({"--name", "cx"}, {"sleep", "600"}); }
  // A client that went away leaves its process to this one, as it would to the host's init: the container cannot end
  // before somebody has reaped it.
  ~ExecGuarded() override {
    kill_process(box.pid_of("cx"), SIGKILL);
    EXPECT_TRUE(Sandbox::eventually([&] {
      while (waitpid(-1, nullptr, WNOHANG) > 0) {
      }
      return box.inspect("cx", "{{.State.Running}}") == "false";
    }));
  }
  bool runs(const std::string& arguments) {
    return box.minidock({"exec", "cx", "sh", "-c", "ps -o args | grep -qxF '" + arguments + "'"}).exit_code == 0;
  }
  bool begins(const std::string& arguments) {
    return Sandbox::eventually([&] { return runs(arguments); });
  }
  bool ends(const std::string& arguments) {
    return Sandbox::eventually([&] { return !runs(arguments); });
  }
  void end(const std::string& arguments) {
    box.minidock_ok(
        {"exec", "cx", "sh", "-c",
         "ps -o pid,args | while read pid args; do [ \"$args\" = '" + arguments + "' ] && kill $pid; done; true"});
  }
  std::string exec_cgroups() { return box.cgroups_like("*" + box.inspect("cx", "{{.Id}}") + "/exec-*"); }
};

TEST_F(ExecGuarded, WithoutTheFlagTheProcessGoesOn) {
  Background client = box.start({"exec", "cx", "sleep", "611"});
  ASSERT_TRUE(begins("sleep 611"));
  client.signal(SIGKILL);
  client.wait();
  EXPECT_TRUE(runs("sleep 611"));
}

TEST_F(ExecGuarded, AKilledClientTakesTheWholeTreeAlong) {
  // The second is a daemon: of another session, and no child of the first any more.
  Background client = box.start(
      {"exec", "--kill-on-disconnect", "cx", "sh", "-c", "(setsid sleep 612 &) ; setsid sleep 613 & sleep 614"});
  ASSERT_TRUE(begins("sleep 612") && begins("sleep 613") && begins("sleep 614"));
  client.signal(SIGKILL);
  client.wait();
  EXPECT_TRUE(ends("sleep 612") && ends("sleep 613") && ends("sleep 614"));
  EXPECT_EQ(box.inspect("cx", "{{.State.Running}}"), "true");
  EXPECT_TRUE(Sandbox::eventually([&] { return exec_cgroups().empty(); }));
}

TEST_F(ExecGuarded, WhatItLeavesBehindEndsWithItToo) {
  EXPECT_EQ(box.minidock({"exec", "--kill-on-disconnect", "cx", "sh", "-c", "setsid sleep 615 & exit 6"}).exit_code, 6);
  EXPECT_FALSE(runs("sleep 615"));
  EXPECT_THAT(exec_cgroups(), IsEmpty());
}

TEST_F(ExecGuarded, TheTerminalsEndIsTheClients) {
  {
    Terminal terminal(box.command({"exec", "-it", "--kill-on-disconnect", "cx", "sh"}));
    ASSERT_TRUE(terminal.shows("# ")) << terminal.screen();
    terminal.type("trap '' HUP; sleep 616 &\r");
    ASSERT_TRUE(begins("sleep 616"));
    kill(terminal.pid(), SIGKILL);
  }
  EXPECT_TRUE(ends("sleep 616"));
}

TEST_F(ExecGuarded, CannotBeDetached) {
  const Result result = box.minidock({"exec", "-d", "--kill-on-disconnect", "cx", "true"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("Conflicting options"));
}

TEST_F(ExecGuarded, SignalsArePassedOnWhenAskedFor) {
  Background client = box.start(
      {"exec", "--sig-proxy", "cx", "sh", "-c", "trap 'exit 42' USR1; echo ready; while :; do sleep 0.1; done"});
  ASSERT_TRUE(Sandbox::eventually([&] { return client.out() == "ready\n"; }));
  client.signal(SIGUSR1);
  EXPECT_EQ(client.wait().exit_code, 42);
}

TEST_F(ExecGuarded, ASignalCanBeSentToAnExec) {
  EXPECT_EQ(box.inspect("cx", "{{json .ExecIDs}}"), "null");
  Background client =
      box.start({"exec", "cx", "sh", "-c", "trap 'exit 43' TERM; echo ready; while :; do sleep 0.1; done"});
  ASSERT_TRUE(Sandbox::eventually([&] { return client.out() == "ready\n"; }));
  const std::string id = box.inspect("cx", "{{index .ExecIDs 0}}");
  EXPECT_EQ(id.size(), 64u);
  EXPECT_EQ(box.minidock_ok({"kill", "--exec", "-s", "TERM", id.substr(0, 12)}), id.substr(0, 12));
  EXPECT_EQ(client.wait().exit_code, 43);
  EXPECT_EQ(box.inspect("cx", "{{json .ExecIDs}}"), "null");
  const Result gone = box.minidock({"kill", "--exec", id});
  EXPECT_EQ(gone.exit_code, 1);
  EXPECT_THAT(gone.err, HasSubstr("No such exec instance: " + id));
}

TEST_F(ExecGuarded, ADetachedExecHasAnIdToo) {
  box.minidock_ok({"exec", "-d", "cx", "sleep", "617"});
  const std::string id = box.inspect("cx", "{{index .ExecIDs 0}}");
  box.minidock_ok({"kill", "--exec", id});
  EXPECT_TRUE(ends("sleep 617"));
  EXPECT_TRUE(Sandbox::eventually([&] { return box.inspect("cx", "{{json .ExecIDs}}") == "null"; }));
}

TEST_F(ExecGuarded, DetachKeysLeaveItRunning) {
  Terminal terminal(box.command({"exec", "-it", "cx", "sh", "-c", "echo begun; sleep 618; echo more; sleep 619"}));
  ASSERT_TRUE(terminal.shows("begun")) << terminal.screen();
  terminal.type("\x10\x11");  // ctrl-p ctrl-q
  EXPECT_EQ(terminal.wait(), 1);
  EXPECT_TRUE(terminal.has_first_mode());
  EXPECT_TRUE(runs("sleep 618"));
  // Its terminal is there still: it can write, and goes on.
  end("sleep 618");
  EXPECT_TRUE(begins("sleep 619"));
}

TEST_F(ExecGuarded, OtherDetachKeysCanBeChosen) {
  Terminal terminal(box.command({"exec", "-it", "--detach-keys", "ctrl-x,x", "--kill-on-disconnect", "cx", "sh"}));
  ASSERT_TRUE(terminal.shows("# "));
  terminal.type("sleep 620\r");
  ASSERT_TRUE(begins("sleep 620"));
  terminal.type("\x18x");
  EXPECT_EQ(terminal.wait(), 1);
  EXPECT_TRUE(terminal.shows("read escape sequence")) << terminal.screen();
  // Leaving on purpose is no disconnect.
  EXPECT_TRUE(runs("sleep 620"));
}

TEST_F(ExecGuarded, EndOfInputIsPassedOn) {
  EXPECT_EQ(box.minidock({"exec", "-i", "cx", "sh", "-c", "cat; echo end"}, "typed\n").out, "typed\nend\n");
}

}  // namespace
}  // namespace minidock::functional
