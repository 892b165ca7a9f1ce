// The filter, really loaded: each probe runs in a child that takes the filter and makes one system call.
#include "engine/seccomp/profile.h"
#include "engine/seccomp/seccomp.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "base/error.h"
#include "base/file.h"

namespace minidock::seccomp {
namespace {

const std::vector<std::string> kDockerDefault = {
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",
    "CAP_MKNOD",   "CAP_NET_RAW",      "CAP_SETGID",           "CAP_SETUID",
    "CAP_SETFCAP", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
    "CAP_KILL",    "CAP_AUDIT_WRITE"};

class SeccompTest : public testing::Test {
 protected:
  SeccompTest() {
    std::string name = "/tmp/minidock-seccomp-XXXXXX";
    directory_ = mkdtemp(name.data());
  }
  ~SeccompTest() override { file::remove_tree(directory_); }

  std::string cache() const { return directory_ + "/cache"; }

  // errno of `call` under the filter in `path` (0 for success).
  static int under(const std::string& path, const std::function<long()>& call) {
    const std::string program = file::read(path);
    const pid_t child = fork();
    if (child == 0) {
      sock_fprog filter{static_cast<unsigned short>(program.size() / sizeof(sock_filter)),
                        const_cast<sock_filter*>(reinterpret_cast<const sock_filter*>(program.data()))};
      if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) _exit(254);
      if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) _exit(253);
      errno = 0;
      _exit(call() < 0 ? errno : 0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  int under_default(const std::function<long()>& call) const {
    return under(default_profile_file(cache(), kDockerDefault), call);
  }
  int under_default_with(const std::string& capability, const std::function<long()>& call) const {
    std::vector<std::string> capabilities = kDockerDefault;
    capabilities.push_back(capability);
    return under(default_profile_file(cache(), capabilities), call);
  }
  int under_profile(const std::string& json, const std::function<long()>& call) const {
    return under(profile_file(cache(), json, kDockerDefault), call);
  }

  std::string directory_;
};

// Arguments that make the kernel itself refuse: what passes the filter ends in another errno than EPERM.
long call_mount() { return syscall(SYS_mount, nullptr, "/nonexistent/x", nullptr, 0, nullptr); }

TEST_F(SeccompTest, EverydayCallsPass) {
  EXPECT_EQ(under_default([] { return syscall(SYS_getpid); }), 0);
  EXPECT_EQ(under_default([] { return syscall(SYS_personality, 0xffffffffUL); }), 0);
  EXPECT_EQ(under_default([] { return syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0); }), 0);
  EXPECT_EQ(under_default([] { return syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0); }), 0);
  EXPECT_EQ(under_default([] { return syscall(SYS_socket, AF_INET6, SOCK_STREAM, 0); }), 0);
  EXPECT_EQ(under_default([] { return syscall(SYS_socket, AF_NETLINK, SOCK_RAW, 0); }), 0);
  EXPECT_EQ(under_default([] { return syscall(SYS_chroot, "/nonexistent"); }), ENOENT);
}

TEST_F(SeccompTest, ThreadsAndProcessesCanBeMade) {
  EXPECT_EQ(under_default([]() -> long {
              const pid_t pid = fork();
              if (pid == 0) _exit(7);
              int status = 0;
              return waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7 ? 0 : -1;
            }),
            0);
}

TEST_F(SeccompTest, NamespacesAreRefused) {
  EXPECT_EQ(under_default([] { return syscall(SYS_unshare, CLONE_NEWUSER); }), EPERM);
  for (const unsigned long flag :
       {CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET}) {
    EXPECT_EQ(under_default([&] { return syscall(SYS_clone, flag | SIGCHLD, 0, 0, 0, 0); }), EPERM) << flag;
  }
  EXPECT_EQ(under_default([] { return syscall(SYS_clone3, nullptr, 0); }), ENOSYS);
  EXPECT_EQ(under_default([] { return syscall(SYS_setns, -1, 0); }), EPERM);
}

TEST_F(SeccompTest, DangerousSocketFamiliesAreRefusedInEveryDisguise) {
  for (const unsigned long family : {38UL, 40UL}) {
    EXPECT_EQ(under_default([&] { return syscall(SYS_socket, family, SOCK_STREAM, 0); }), EPERM);
    // The kernel takes the low 32 bits only: the filter must, too.
    EXPECT_EQ(under_default([&] { return syscall(SYS_socket, family | 1UL << 32U, SOCK_STREAM, 0); }), EPERM);
    EXPECT_EQ(under_default([&] { return syscall(SYS_socket, family | 0xffffffffUL << 32U, SOCK_STREAM, 0); }), EPERM);
  }
  for (unsigned long family = 0; family < 46; ++family) {
    if (family == 38 || family == 40) continue;
    EXPECT_NE(under_default([&] { return syscall(SYS_socket, family, 0x7f, 0); }), EPERM) << family;
  }
}

TEST_F(SeccompTest, KernelSurfaceIsRefused) {
  EXPECT_EQ(under_default(call_mount), EPERM);
  EXPECT_EQ(under_default([] { return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, -3, 0); }), EPERM);
  EXPECT_EQ(under_default([] { return syscall(SYS_bpf, BPF_MAP_CREATE, nullptr, 0); }), EPERM);
  EXPECT_EQ(under_default([] { return syscall(SYS_io_uring_setup, 0, nullptr); }), EPERM);
  EXPECT_EQ(under_default([] { return syscall(SYS_open_by_handle_at, -1, nullptr, 0); }), EPERM);
  EXPECT_EQ(under_default([] { return syscall(SYS_perf_event_open, nullptr, 0, 0, -1, 0); }), EPERM);
  EXPECT_EQ(under_default([] { return syscall(SYS_personality, 0x0040000UL); }), EPERM);  // ADDR_NO_RANDOMIZE
  EXPECT_EQ(under_default([] { return syscall(SYS_init_module, nullptr, 0, ""); }), EPERM);
}

// Most kernels have no x32 calls, and then the filter answers as they would, without the rules for them.
TEST_F(SeccompTest, X32CallsAreRefusedAsByAKernelWithoutThem) {
#if defined(__x86_64__)
  Machine machine = this_machine();
  if (!machine.has_x32) {
    EXPECT_EQ(under_default([] { return syscall(__X32_SYSCALL_BIT | SYS_getpid); }), ENOSYS);
    EXPECT_EQ(under_default([] { return syscall(__X32_SYSCALL_BIT | SYS_unshare, CLONE_NEWUSER); }), ENOSYS);
  }
  const std::size_t size = compile(default_profile(machine), machine, {}).size();
  machine.has_x32 = !machine.has_x32;
  const std::size_t other_size = compile(default_profile(machine), machine, {}).size();
  EXPECT_GT(machine.has_x32 ? other_size : size, machine.has_x32 ? size : other_size);
#endif
}

TEST_F(SeccompTest, CapabilitiesOpenTheirCalls) {
  EXPECT_EQ(under_default_with("CAP_SYS_ADMIN", call_mount), ENOENT);
  EXPECT_EQ(under_default_with("CAP_SYS_ADMIN", [] { return syscall(SYS_clone3, nullptr, 0); }), EINVAL);
  EXPECT_EQ(under_default_with("CAP_SYS_ADMIN", [] { return syscall(SYS_unshare, CLONE_NEWUTS); }), 0);
  EXPECT_EQ(under_default_with("CAP_DAC_READ_SEARCH", [] { return syscall(SYS_open_by_handle_at, -1, nullptr, 0); }),
            EFAULT);
  EXPECT_EQ(under_default_with("CAP_SYS_PTRACE", [] { return syscall(SYS_kcmp, 1 << 30, 1 << 30, 0, 0, 0); }), ESRCH);
  EXPECT_EQ(under_default_with("CAP_BPF", call_mount), EPERM);
}

TEST_F(SeccompTest, CallsNewerThanTheLibraryAreAllowedOrUnknownNeverForbidden) {
  EXPECT_NE(under_default([] { return syscall(452, -1, "", 0, 0); }), EPERM);  // fchmodat2
  EXPECT_EQ(under_default([] { return syscall(700); }), ENOSYS);
  EXPECT_EQ(under_default([] { return syscall(461, nullptr, nullptr, 0); }), ENOSYS);  // lsm_list_modules
}

TEST_F(SeccompTest, ACachedFilterIsUsedAsItIs) {
  const std::string path = default_profile_file(cache(), kDockerDefault);
  struct stat before {};
  ASSERT_EQ(stat(path.c_str(), &before), 0);
  EXPECT_EQ(before.st_mode & 07777U, 0600U);
  struct stat directory {};
  ASSERT_EQ(stat(cache().c_str(), &directory), 0);
  EXPECT_EQ(directory.st_mode & 07777U, 0700U);
  std::vector<std::string> reordered(kDockerDefault.rbegin(), kDockerDefault.rend());
  EXPECT_EQ(default_profile_file(cache(), reordered), path);
  struct stat after {};
  ASSERT_EQ(stat(path.c_str(), &after), 0);
  EXPECT_EQ(after.st_ino, before.st_ino);
  EXPECT_NE(default_profile_file(cache(), {}), path);
}

TEST_F(SeccompTest, ABrokenCacheFileIsMadeAgain) {
  const std::string path = default_profile_file(cache(), kDockerDefault);
  const std::string good = file::read(path);
  for (const std::string& broken : {std::string(), good.substr(0, good.size() - 3)}) {
    file::write(path, broken, 0600);
    EXPECT_EQ(default_profile_file(cache(), kDockerDefault), path);
    EXPECT_EQ(file::read(path), good);
  }
}

TEST_F(SeccompTest, AnUnknownCapabilityIsNamed) {
  EXPECT_THAT([&] { default_profile_file(cache(), {"CAP_NONSENSE"}); },
              testing::ThrowsMessage<Error>("invalid capability: \"CAP_NONSENSE\""));
}

TEST_F(SeccompTest, UsersProfileAllowsAndRefuses) {
  const std::string deny_one =
      R"({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
      "syscalls": [{"names": ["mkdirat", "mkdir", "no_such_call"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95},
                   {"name": "getppid", "action": "SCMP_ACT_ERRNO"}]})";
  EXPECT_EQ(under_profile(deny_one, [] { return syscall(SYS_mkdirat, -1, "x", 0); }), EOPNOTSUPP);
  EXPECT_EQ(under_profile(deny_one, [] { return syscall(SYS_getppid); }), EPERM);
  EXPECT_EQ(under_profile(deny_one, [] { return syscall(SYS_getpid); }), 0);
  EXPECT_EQ(under_profile(deny_one, call_mount), ENOENT);
}

TEST_F(SeccompTest, UsersProfileComparesArguments) {
  const std::string json = R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
      {"names": ["kill"], "action": "SCMP_ACT_ERRNO", "errnoRet": 33,
       "args": [{"index": 1, "value": 0, "op": "SCMP_CMP_EQ"}, {"index": 0, "value": 5, "op": "SCMP_CMP_GT"}]},
      {"names": ["umask"], "action": "SCMP_ACT_ERRNO", "errnoRet": 34,
       "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}, {"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}]}]})";
  EXPECT_EQ(under_profile(json, [] { return syscall(SYS_kill, 999999999, 0); }), 33);
  EXPECT_EQ(under_profile(json, [] { return syscall(SYS_kill, 0, 0); }), 0);
  EXPECT_EQ(under_profile(json, [] { return syscall(SYS_umask, 1); }), 34);
  EXPECT_EQ(under_profile(json, [] { return syscall(SYS_umask, 2); }), 34);
  EXPECT_EQ(under_profile(json, [] { return syscall(SYS_umask, 3); }), 0);
}

TEST_F(SeccompTest, UsersProfileHasConditions) {
  const std::string json = R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
      {"names": ["getppid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "includes": {"caps": ["CAP_SYS_ADMIN"]}},
      {"names": ["umask"], "action": "SCMP_ACT_ERRNO", "errnoRet": 2, "excludes": {"caps": ["CAP_CHOWN"]}},
      {"names": ["getuid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 3, "includes": {"arches": ["s390x"]}},
      {"names": ["getgid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 4, "includes": {"minKernel": "4.8"}},
      {"names": ["geteuid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5, "includes": {"minKernel": "99.0"}}]})";
  EXPECT_EQ(under_profile(json, [] { return syscall(SYS_getppid); }), 0);
  EXPECT_EQ(under_profile(json, [] { return syscall(SYS_umask, 0); }), 0);
  EXPECT_EQ(under_profile(json, [] { return syscall(SYS_getuid); }), 0);
  EXPECT_EQ(under_profile(json, [] { return syscall(SYS_getgid); }), 4);
  EXPECT_EQ(under_profile(json, [] { return syscall(SYS_geteuid); }), 0);
}

TEST_F(SeccompTest, BadProfilesAreExplained) {
  const auto message = [&](const std::string& json) -> std::string {
    try {
      profile_file(cache(), json, {});
    } catch (const Error& error) {
      return error.message();
    }
    return "accepted";
  };
  EXPECT_EQ(message("{"), "the seccomp profile is not valid JSON");
  EXPECT_EQ(message("{}"), "invalid seccomp profile: \"defaultAction\" is missing");
  EXPECT_EQ(message(R"({"defaultAction": "SCMP_ACT_MAYBE"})"),
            "invalid seccomp profile: unknown action \"SCMP_ACT_MAYBE\"");
  EXPECT_EQ(message(R"({"defaultAction": "SCMP_ACT_NOTIFY"})"), "seccomp profile: SCMP_ACT_NOTIFY is not supported");
  EXPECT_EQ(message(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ERRNO",
                        "args": [{"index": 9, "value": 1, "op": "SCMP_CMP_EQ"}]}]})"),
            "invalid seccomp profile: argument index 9 is greater than 5");
  EXPECT_EQ(message(R"({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86"], "archMap": []})"),
            "invalid seccomp profile: use either \"architectures\" or \"archMap\"");
  EXPECT_EQ(message(R"({"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_LOG"]})"),
            "seccomp profile: \"flags\" and \"listenerPath\" are not supported");
}

}  // namespace
}  // namespace minidock::seccomp
