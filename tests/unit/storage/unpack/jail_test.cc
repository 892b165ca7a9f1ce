// The jail itself: what a worker that was taken over could still do.
#include "storage/unpack/jail.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <functional>

#include "tests/unit/storage/unpack/unpack_fixture.h"

namespace minidock::storage {
namespace {

class JailTest : public UnpackTest {
 protected:
  // Runs `body` in a jailed process; its wait status.
  int jailed(const std::function<int(int root)>& body, bool restricted = true) {
    const pid_t pid = fork();
    if (pid == 0) {
      try {
        const Fd directory = sys::open(layer_, O_RDONLY | O_DIRECTORY);
        const Fd root = enter_jail(directory.get());
        if (restricted) restrict_system_calls();
        _exit(body(root.get()));
      } catch (const Error& error) {
        fprintf(stderr, "%s\n", error.what());
        _exit(99);
      }
    }
    return sys::waitpid(pid);
  }
  // Whether `call` is the end of a jailed process.
  bool kills(const std::function<void()>& call) {
    const int status = jailed([&](int) {
      call();
      return 0;
    });
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
  }
};

TEST_F(JailTest, TheLayerIsAllThereIs) {
  file::write(layer_ + "/inside", "x", 0644);
  const int status = jailed(
      [&](int root) {
        if (!file::exists("/inside")) return 1;
        if (file::exists("/etc") || file::exists("/proc") || file::exists(layer_)) return 2;
        // Neither above the root nor from it is there a way out.
        if (faccessat(root, "../etc", F_OK, 0) == 0 || faccessat(root, "../../../tmp", F_OK, 0) == 0) return 3;
        return 0;
      },
      false);
  EXPECT_EQ(status, 0);
}

TEST_F(JailTest, NoMountStaysOnTheHost) {
  const std::string before = file::read("/proc/self/mounts");
  EXPECT_EQ(jailed([](int) { return 0; }), 0);
  EXPECT_EQ(file::read("/proc/self/mounts"), before);
}

TEST_F(JailTest, FewCapabilitiesAndNoWayToMore) {
  const int status = jailed(
      [](int) {
        if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return 1;
        if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) return 2;
        for (const int capability : {CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_NET_ADMIN, CAP_SYS_MODULE, CAP_SETUID,
                                     CAP_DAC_READ_SEARCH, CAP_SYS_CHROOT, CAP_SETPCAP}) {
          if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) != 0) return 3;
        }
        // What the missing ones would allow.
        if (mount("none", "/", "tmpfs", 0, "") == 0 || chroot("/") == 0 || setuid(1) == 0 ||
            unshare(CLONE_NEWNS) == 0) {
          return 4;
        }
        return mknod("/device", S_IFCHR | 0600, makedev(1, 3)) == 0 ? 0 : 5;
      },
      false);
  EXPECT_EQ(status, 0);
}

TEST_F(JailTest, DevicesCannotBeOpenedThere) {
  const int status = jailed(
      [](int) {
        if (mknod("/zero", S_IFCHR | 0666, makedev(1, 5)) != 0) return 1;
        return open("/zero", O_RDONLY) < 0 && errno == EACCES ? 0 : 2;
      },
      false);
  EXPECT_EQ(status, 0);
}

TEST_F(JailTest, TheNetworkIsEmpty) {
  const int status = jailed(
      [](int) {
        const Fd socket(::socket(AF_INET, SOCK_DGRAM, 0));
        sockaddr address{};
        address.sa_family = AF_INET;
        // 127.0.0.1: even that interface is down.
        address.sa_data[2] = 127;
        address.sa_data[5] = 1;
        return connect(socket.get(), &address, 16) != 0 && errno == ENETUNREACH ? 0 : 1;
      },
      false);
  EXPECT_EQ(status, 0);
}

TEST_F(JailTest, ForbiddenCallsKill) {
  EXPECT_TRUE(kills([] { execl("/bin/true", "true", nullptr); }));
  EXPECT_TRUE(kills([] { (void)!socket(AF_UNIX, SOCK_STREAM, 0); }));
  EXPECT_TRUE(kills([] { (void)!fork(); }));
  EXPECT_TRUE(kills([] { ptrace(PTRACE_TRACEME, 0, 0, 0); }));
  EXPECT_TRUE(kills([] { mount("none", "/", "tmpfs", 0, ""); }));
  EXPECT_TRUE(kills([] { unshare(CLONE_NEWUSER); }));
  EXPECT_TRUE(kills([] { kill(getppid(), 0); }));
  EXPECT_TRUE(kills([] { prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }));
}

TEST_F(JailTest, MemoryCannotBecomeCode) {
  EXPECT_TRUE(kills([] { mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }));
  alignas(4096) static std::array<char, 4096> page;
  EXPECT_TRUE(kills([] { mprotect(page.data(), page.size(), PROT_READ | PROT_EXEC); }));
  EXPECT_FALSE(kills([] { mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }));
}

}  // namespace
}  // namespace minidock::storage
