#include "engine/runtime/exec_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/file.h"
#include "base/syscall.h"
#include "container_fixture.h"

namespace minidock::runtime::test {
namespace {

using ::testing::HasSubstr;

class ExecProcessTest : public ContainerTest {
 protected:
  static Process shell(const Spec& spec, const std::string& script) {
    Process process = spec.process;
    process.args = {"/bin/sh", "-c", script};
    return process;
  }
};

TEST_F(ExecProcessTest, RunsInEveryNamespaceOfTheContainer) {
  for (const Spec& spec : {make_spec(""), make_host_user_spec("")}) {
    Running running = start(spec);
    std::string expected;
    for (const char* name : {"mnt", "uts", "ipc", "pid", "net", "user", "cgroup"}) {
      expected += sys::readlinkat(AT_FDCWD, fmt::format("/proc/{}/ns/{}", running.id.pid, name)) + "\n";
    }
    const Result result =
        exec(spec, running,
             shell(spec, "for n in mnt uts ipc pid net user cgroup; do readlink /proc/self/ns/$n; done; exit 5"));
    EXPECT_EQ(result.output, expected);
    EXPECT_EQ(result.exit_code, 5);
    finish(running);
  }
}

TEST_F(ExecProcessTest, IsInTheContainersCgroupWithItsRightsAndFilter) {
  file::write(path("filter"), std::string{"\x06\x00\x00\x00\x00\x00\xff\x7f", 8}, 0600);
  Spec spec = make_spec("");
  spec.seccomp_bpf_file = path("filter");
  Running running = start(spec);
  Process process =
      shell(spec, "cat /proc/self/cgroup | grep ^0::; grep -E 'Cap(Inh|Eff|Amb)|Seccomp:' /proc/self/status");
  EXPECT_EQ(exec(spec, running, process).output,
            "0::/\nCapInh:\t0000000000000000\nCapEff:\t00000000a80425fb\nCapAmb:\t0000000000000000\nSeccomp:\t2\n");
  process.user = "1000:2000";
  EXPECT_EQ(exec(spec, running, process).output,
            "0::/\nCapInh:\t0000000000000000\nCapEff:\t0000000000000000\nCapAmb:\t0000000000000000\nSeccomp:\t2\n");
  finish(running);
}

TEST_F(ExecProcessTest, LeaksNoDescriptors) {
  const Spec spec = make_spec("");
  Running running = start(spec);
  EXPECT_EQ(exec(spec, running, shell(spec, "exec ls /proc/self/fd")).output, "0\n1\n2\n3\n");
  for (int number = 3; number < 30; ++number) {
    Process process = shell(spec, "true");
    process.cwd = fmt::format("/proc/self/fd/{}", number);
    EXPECT_THROW(exec(spec, running, process), Error);
  }
  finish(running);
}

TEST_F(ExecProcessTest, HasATerminalOfTheContainer) {
  const Spec spec = make_spec("");
  Running running = start(spec);
  Process process = shell(spec, "tty; stty size; echo x > /dev/tty");
  process.terminal = true;
  process.console_rows = 10;
  process.console_columns = 20;
  EXPECT_EQ(exec(spec, running, process).output, "/dev/pts/0\r\n10 20\r\nx\r\n");
  finish(running);
}

TEST_F(ExecProcessTest, UserDirectoryAndEnvironmentAreItsOwn) {
  const Spec spec = make_spec("");
  Running running = start(spec);
  Process process = shell(spec, "id -u; id -G; pwd; echo $A $HOME");
  process.user = "app";
  process.cwd = "/tmp";
  process.env.push_back("A=b");
  EXPECT_EQ(exec(spec, running, process).output, "1000\n1000 2000\n/tmp\nb /home/app\n");
  finish(running);
}

TEST_F(ExecProcessTest, TellsWhyItCouldNotStart) {
  const Spec spec = make_spec("");
  Running running = start(spec);
  Process process = spec.process;
  process.args = {"foo"};
  try {
    exec(spec, running, process);
    ADD_FAILURE() << "it started";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::command_not_found);
    EXPECT_EQ(error.message(), "exec: \"foo\": executable file not found in $PATH");
  }
  finish(running);
  EXPECT_THAT([&] { exec(spec, running, process); }, ::testing::ThrowsMessage<Error>(HasSubstr("is not running")));
}

}  // namespace
}  // namespace minidock::runtime::test
