// Device rules where the kernel takes no BPF program for them: a seccomp filter keeps bpf(2) from minidock.
#include <gmock/gmock.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::HasSubstr;

// In the process that calls it and all that it starts.
void forbid_bpf() {
  std::array<sock_filter, 4> filter{{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                                     BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 1),
                                     BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
                                     BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) _exit(120);
}

class DeviceRules : public FunctionalTest {
 protected:
  bool has_v1_devices() {
    return box.host({"grep", "-q", " - cgroup .*devices", "/proc/self/mountinfo"}).exit_code == 0;
  }

  // `minidock …` without bpf(2): its exit code; its output in files of the sandbox.
  int without_bpf(const Arguments& words) {
    const std::string line = join(box.command(words)) + " > " + box.path("out") + " 2> " + box.path("err");
    const pid_t child = fork();
    if (child == 0) {
      forbid_bpf();
      execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
      _exit(121);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  }
  std::string out() { return read_file(box.path("out")); }
  std::string err() { return read_file(box.path("err")); }
};

constexpr char kScript[] =
    "mknod /n c 1 3 && mknod /k c 1 11 && echo x > /n && echo null; head -c 0 /k || echo denied; "
    "cat /proc/self/cgroup | grep devices";

TEST_F(DeviceRules, AreThoseOfAV1GroupWithoutBpf) {
  if (!has_v1_devices()) GTEST_SKIP() << "this machine has no v1 devices controller";
  box.load("busybox");
  const Arguments base{"run", "--rm", "--userns", "host", "--cgroupns", "host", "--cap-add", "SYSLOG"};
  const auto with = [&](const Arguments& options) {
    Arguments words = base;
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"busybox", "sh", "-c", kScript});
    return words;
  };
  EXPECT_EQ(without_bpf(with({})), 0) << err();
  EXPECT_THAT(out(), HasSubstr("null\ndenied\n"));
  EXPECT_THAT(out(), HasSubstr(":devices:/minidock"));
  EXPECT_EQ(without_bpf(with({"--device-cgroup-rule", "c 1:11 r"})), 0) << err();
  EXPECT_THAT(out(), testing::Not(HasSubstr("denied")));
  const std::string line = out().substr(out().find(":/") + 1);
  EXPECT_NE(box.host({"test", "-e", "/sys/fs/cgroup/devices" + trimmed(line)}).exit_code, 0);
}

TEST_F(DeviceRules, HoldForExecToo) {
  if (!has_v1_devices()) GTEST_SKIP() << "this machine has no v1 devices controller";
  box.load("busybox");
  EXPECT_EQ(
      without_bpf({"run", "-d", "--name", "cx", "--userns", "host", "--cap-add", "SYSLOG", "busybox", "sleep", "600"}),
      0)
      << err();
  EXPECT_EQ(box.minidock({"exec", "cx", "sh", "-c", "mknod /k c 1 11; head -c 0 /k"}).exit_code, 1);
  box.minidock_ok({"rm", "-f", "cx"});
}

}  // namespace
}  // namespace minidock::functional
