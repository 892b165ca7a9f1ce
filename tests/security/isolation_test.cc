// What a process in a container must not be able to do, whoever wrote its program.
#include <unistd.h>

#include <gmock/gmock.h>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::HasSubstr;
using testing::Not;

class Isolation : public FunctionalTest {};

TEST_F(Isolation, OnlyTheStandardDescriptorsAreOpen) {
  // `true` keeps the shell from becoming ls, which opens one more: the directory that it lists.
  EXPECT_EQ(box.run({}, {"sh", "-c", "ls /proc/1/fd; true"}).out, "0\n1\n2\n");
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  EXPECT_EQ(box.minidock_ok({"exec", "cx", "sh", "-c", "ls /proc/$$/fd; true"}), "0\n1\n2");
}

// CVE-2024-21626.
TEST_F(Isolation, LeakedDescriptorAsWorkingDirectoryFails) {
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  for (int fd = 3; fd < 30; ++fd) {
    const std::string directory = "/proc/self/fd/" + std::to_string(fd);
    const Result in_run = box.run({"-w", directory}, {"cat", "../../../../etc/hostname"});
    EXPECT_NE(in_run.exit_code, 0) << directory << " in run";
    const Result in_exec = box.minidock({"exec", "-w", directory, "cx", "cat", "../../../../etc/hostname"});
    EXPECT_NE(in_exec.exit_code, 0) << directory << " in exec";
  }
}

// CVE-2019-5736.
TEST_F(Isolation, OwnExecutablesCannotBeOverwritten) {
  const std::string sums = box.shell("sha256sum " + box.command({})[0] + "*");
  const std::string script =
      "for p in /proc/[0-9]*; do (: >> $p/exe) 2>/dev/null; done; (: > /proc/self/exe) 2>/dev/null; true";
  box.run({"--userns", "host"}, {"sh", "-c", script});
  box.write_file("entry", "#!/proc/self/exe\n", 0755);
  box.run({"--userns", "host", "-v", box.path("entry") + ":/entry"}, {"/entry"});
  box.run_detached({"--name", "cx", "--userns", "host"},
                   {"sh", "-c", "while :; do for p in /proc/[0-9]*; do (printf x >> $p/exe) 2>/dev/null; done; done"});
  for (int attempt = 0; attempt < 20; ++attempt) box.minidock({"exec", "cx", "true"});
  EXPECT_EQ(box.shell("sha256sum " + box.command({})[0] + "*"), sums);
}

TEST_F(Isolation, MountsOfAContainerStayInIt) {
  for (const char* userns : {"", "host"}) {
    const Arguments options = {"--userns", userns, "--cap-add", "SYS_ADMIN"};
    EXPECT_THAT(box.run(options, {"cat", "/proc/self/mountinfo"}).out, Not(HasSubstr("shared:"))) << userns;
    EXPECT_EQ(box.run(options, {"mount", "--bind", "/etc/passwd", "/dev/null"}).exit_code, 0) << userns;
    EXPECT_EQ(box.shell("stat -c %F /dev/null"), "character special file") << userns;
  }
}

TEST_F(Isolation, InheritableAndAmbientCapabilitiesAreEmpty) {
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  for (const char* user : {"root", "www-data"}) {
    const std::string script = "grep -E 'CapInh|CapAmb' /proc/self/status";
    const std::string expected = "CapInh:\t0000000000000000\nCapAmb:\t0000000000000000";
    EXPECT_EQ(trimmed(box.run({"-u", user}, {"sh", "-c", script}).out), expected) << user;
    EXPECT_EQ(box.minidock_ok({"exec", "-u", user, "cx", "sh", "-c", script}), expected) << user;
  }
}

TEST_F(Isolation, OrdinaryUserHasNoEffectiveCapabilities) {
  EXPECT_THAT(box.run({"-u", "www-data"}, {"grep", "CapEff", "/proc/self/status"}).out, HasSubstr("0000000000000000"));
}

TEST_F(Isolation, SetuidProgramGivesOnlyTheContainersRoot) {
  box.load("webapp");
  const std::string script =
      "stat -c %a /usr/bin/su; cp /usr/bin/id /tmp/id; chmod 4755 /tmp/id; setpriv --reuid 33 --clear-groups /tmp/id "
      "-u";
  EXPECT_EQ(box.minidock_ok({"run", "--rm", "training/webapp", "sh", "-c", script}), "4755\n0");
  // Outside, the store's set-user-ID file must not be reachable by anybody but root.
  EXPECT_EQ(box.host({"setpriv", "--reuid", "65534", "--clear-groups", "ls", box.path("root")}).exit_code, 2);
  EXPECT_EQ(box.host({"setpriv", "--reuid", "65534", "--clear-groups", "ls", box.path("state")}).exit_code, 2);
}

TEST_F(Isolation, NumericUserOutOfRangeIsNeverRoot) {
  for (const char* user : {"2147483648", "4294967295", "4294967296", "-1", "18446744073709551616"}) {
    const Result result = box.run({"-u", user}, {"id", "-u"});
    EXPECT_NE(result.exit_code, 0) << user << " became " << result.out;
  }
  EXPECT_EQ(box.run({"-u", "1"}, {"id", "-u"}).out, "1\n");
  EXPECT_EQ(box.run({"-u", "1:1"}, {"sh", "-c", "id -u; id -g"}).out, "1\n1\n");
}

TEST_F(Isolation, MaskedAndReadOnlyPaths) {
  EXPECT_NE(box.run({"--userns", "host"}, {"sh", "-c", "echo 1 > /proc/sys/kernel/panic"}).exit_code, 0);
  EXPECT_NE(box.run({"--userns", "host"}, {"sh", "-c", "echo h > /proc/sysrq-trigger"}).exit_code, 0);
  EXPECT_EQ(box.run({}, {"sh", "-c", "cat /proc/timer_list /proc/interrupts /proc/keys 2>/dev/null | wc -c"}).out,
            "0\n");
  EXPECT_EQ(box.run({}, {"sh", "-c", "ls /sys/firmware | wc -l"}).out, "0\n");
  EXPECT_NE(
      box.run({"--userns", "host"}, {"sh", "-c", "mkdir /sys/fs/cgroup/x || mkdir /sys/fs/cgroup/memory/x"}).exit_code,
      0);
}

TEST_F(Isolation, SeccompIsOnInRunAndExec) {
  EXPECT_THAT(box.run({}, {"grep", "Seccomp:", "/proc/self/status"}).out, HasSubstr("2"));
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  EXPECT_THAT(box.minidock_ok({"exec", "cx", "grep", "Seccomp:", "/proc/self/status"}), HasSubstr("2"));
  EXPECT_NE(box.run({}, {"unshare", "-m", "true"}).exit_code, 0);
  EXPECT_NE(box.run({"--userns", "host"}, {"mount", "-t", "tmpfs", "none", "/tmp"}).exit_code, 0);
}

TEST_F(Isolation, AlgAndVsockSocketsAreRefused) {
  box.load("webapp");
  const std::string program =
      "import socket\n"
      "for family in (38, 40):\n"
      "  try: socket.socket(family, socket.SOCK_SEQPACKET if family == 38 else socket.SOCK_STREAM); print('open', "
      "family)\n"
      "  except PermissionError: print('refused', family)\n";
  EXPECT_EQ(box.minidock_ok({"run", "--rm", "training/webapp", "python", "-c", program}), "refused 38\nrefused 40");
}

TEST_F(Isolation, HostDevicesCannotBeMadeOrOpened) {
  EXPECT_NE(box.run({}, {"mknod", "/tmp/disk", "bx", "8", "0"}).exit_code, 0);
  EXPECT_NE(box.run({"--userns", "host"}, {"sh", "-c", "mknod /tmp/mem c 1 1 && head -c 1 /tmp/mem"}).exit_code, 0);
}

TEST_F(Isolation, NoAbstractSockets) {
  const std::string before = box.shell("ss -xlH | grep -c ' @' || true");
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  EXPECT_EQ(box.shell("ss -xlH | grep -c ' @' || true"), before);
}

TEST_F(Isolation, MountsOverProcAreRefused) {
  for (const char* target : {"/proc", "/proc/sys", "/proc/self/attr"}) {
    const Result result = box.run({"-v", box.path("evil") + ":" + target}, {"true"});
    EXPECT_NE(result.exit_code, 0) << target;
  }
}

TEST_F(Isolation, RouterAdvertisementsAreNotAccepted) {
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  EXPECT_EQ(box.shell("cat /proc/sys/net/ipv6/conf/md*/accept_ra /proc/sys/net/ipv6/conf/md*/disable_ipv6 | sort -u | "
                      "tr '\\n' ' '")
                        .find("0 1") != std::string::npos ||
                box.shell("cat /proc/sys/net/ipv6/conf/md*/disable_ipv6 | sort -u") == "1",
            true);
}

}  // namespace
}  // namespace minidock::functional
