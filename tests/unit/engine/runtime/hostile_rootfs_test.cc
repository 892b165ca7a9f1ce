// Images that try to lead the set-up out of their root (R1-R5).
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "base/file.h"
#include "base/syscall.h"
#include "container_fixture.h"

namespace minidock::runtime::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class HostileRootfsTest : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    fs::create_directories(path("canary"));
    file::write(path("canary/file"), "untouched", 0666);
    fs::permissions(path("canary"), fs::perms(0777));
  }
  void TearDown() override {
    EXPECT_EQ(file::read(path("canary/file")), "untouched");
    EXPECT_EQ(std::distance(fs::directory_iterator(path("canary")), fs::directory_iterator()), 1);
    ContainerTest::TearDown();
  }
  // The link's target exists inside the image too: that is where it has to lead.
  void replace_by_link(const std::string& name, const std::string& target) const {
    fs::create_directories(layer(path("canary")));
    fs::remove_all(layer(name));
    fs::create_symlink(target, layer(name));
  }
};

TEST_F(HostileRootfsTest, LinksInThePlaceOfKernelFileSystemsAreRefused) {
  for (const char* name : {"/proc", "/sys", "/dev"}) {
    for (const std::string& target :
         {path("canary"), std::string("../../../..") + path("canary"), std::string("/tmp")}) {
      replace_by_link(name, target);
      EXPECT_THAT(error_of(make_spec("true"), ErrorKind::invalid_argument),
                  HasSubstr("must be mounted on ordinary directory"));
      EXPECT_THAT(error_of(make_host_user_spec("true"), ErrorKind::invalid_argument),
                  HasSubstr("must be mounted on ordinary directory"));
    }
    fs::remove(layer(name));
    fs::create_directories(layer(name));
  }
}

TEST_F(HostileRootfsTest, MountTargetsThroughLinksStayInside) {
  replace_by_link("/data", path("canary"));
  replace_by_link("/etc/hosts", "../../../.." + path("elsewhere/file"));  // leads nowhere yet, inside and outside
  file::write(path("hosts"), "hello\n", 0644);
  Spec spec = make_host_user_spec("cat /etc/hosts; touch /data/x && ls /data");
  const std::string volume = make_volume("volume");
  spec.mounts.push_back({"/data", "bind", volume, {"rbind"}});
  spec.mounts.push_back({"/data/../data/sub", "tmpfs", "tmpfs", {}});
  spec.mounts.push_back({"/etc/hosts", "bind", path("hosts"), {"rbind"}});
  EXPECT_EQ(run(spec).output, "hello\nsub\nx\n");
  EXPECT_FALSE(fs::exists(path("elsewhere")));
}

// A neighbour that shares the volume exchanges a directory and a link for each other, over and over, while containers
// are started whose mounts and working directory lead through it.
class Exchanger {
 public:
  Exchanger(const std::string& one, const std::string& other) : pid_(fork()) {
    if (pid_ != 0) return;
    for (;;) {
      if (renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) != 0) _exit(1);
      *count_ = *count_ + 1;
    }
  }
  ~Exchanger() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    munmap(const_cast<long*>(count_), sizeof(long));
  }
  Exchanger(const Exchanger&) = delete;
  Exchanger& operator=(const Exchanger&) = delete;
  long count() const { return *count_; }

 private:
  volatile long* count_ =
      static_cast<long*>(mmap(nullptr, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  pid_t pid_;
};

TEST_F(HostileRootfsTest, DirectoriesThatAreExchangedMeanwhileLeadNowhereElse) {
  const std::string volume = make_volume("volume");
  fs::create_directories(path("volume/sub"));
  fs::create_directory_symlink("../../../.." + path("canary"), path("volume/link"));
  file::write(path("hosts"), "hello\n", 0644);
  Spec spec = make_host_user_spec("true");
  spec.mounts.push_back({"/data", "bind", volume, {"rbind"}});
  spec.mounts.push_back({"/data/sub/made/deeper", "tmpfs", "tmpfs", {}});
  spec.mounts.push_back({"/data/sub/file", "bind", path("hosts"), {"rbind"}});  // the canary has a file of that name
  spec.process.cwd = "/data/sub/work";
  const Exchanger exchanger(path("volume/sub"), path("volume/link"));
  int started = 0;
  for (int tries = 0; tries < 60 || exchanger.count() < 10'000; ++tries) {
    try {
      run(spec);
      ++started;
    } catch (const Error&) {
      // Refused is as good: what counts is the canary.
    }
  }
  EXPECT_GT(started, 0);
}

TEST_F(HostileRootfsTest, WorkingDirectoryThroughALinkStaysInside) {
  replace_by_link("/data", path("canary"));
  Spec spec = make_host_user_spec("pwd; touch x");
  spec.process.cwd = "/data/made";
  EXPECT_EQ(run(spec).output, path("canary/made") + "\n");
}

TEST_F(HostileRootfsTest, WorkingDirectoryOfADescriptorIsRefused) {
  for (int number = 3; number < 40; ++number) {
    for (const Spec& base : {make_spec("cat /proc/self/mounts"), make_host_user_spec("cat /proc/self/mounts")}) {
      Spec spec = base;
      spec.process.cwd = fmt::format("/proc/self/fd/{}", number);
      EXPECT_THROW(run(spec), Error) << number;
    }
  }
}

TEST_F(HostileRootfsTest, NothingIsMountedOverProc) {
  Spec spec = make_host_user_spec("true");
  fs::create_symlink("/proc/sys", layer("/innocent"));
  for (const char* destination : {"/proc", "/proc/sys", "/proc/self/attr", "/innocent", "/proc/../proc/sys/kernel"}) {
    Spec attack = spec;
    attack.mounts.push_back({destination, "bind", path("canary"), {"rbind"}});
    EXPECT_THAT(error_of(attack, ErrorKind::invalid_argument),
                HasSubstr("cannot be mounted because it is inside /proc"));
    attack.mounts.back() = {destination, "tmpfs", "tmpfs", {}};
    EXPECT_THAT(error_of(attack, ErrorKind::invalid_argument),
                HasSubstr("cannot be mounted because it is inside /proc"));
  }
}

TEST_F(HostileRootfsTest, TheImagesDevIsNotUsed) {
  fs::create_symlink("/proc/sys/kernel/core_pattern", layer("/dev/null"));
  file::write(layer("/dev/evil"), "x", 0644);
  EXPECT_EQ(run(make_host_user_spec("stat -c %F /dev/null; ls /dev/evil 2>/dev/null; cat /proc/keys")).output,
            "character special file\n");
}

TEST_F(HostileRootfsTest, AccountFilesAreReadInsideAndBounded) {
  Spec spec = make_host_user_spec("true");
  spec.process.user = "app";
  replace_by_link("/etc/passwd", path("canary/file"));
  EXPECT_THAT(error_of(spec, ErrorKind::invalid_argument), HasSubstr("unable to find user app"));
  fs::remove(layer("/etc/passwd"));
  ASSERT_EQ(mkfifo(layer("/etc/passwd").c_str(), 0644), 0);
  EXPECT_THAT(error_of(spec, ErrorKind::corrupt_data), HasSubstr("not a regular file"));
  fs::remove(layer("/etc/passwd"));
  file::write(layer("/etc/passwd"), "", 0644);
  fs::resize_file(layer("/etc/passwd"), std::uintmax_t{1} << 30);
  EXPECT_THAT(error_of(spec, ErrorKind::corrupt_data), HasSubstr("/etc/passwd"));
}

TEST_F(HostileRootfsTest, CopyUpFollowsNoLinks) {
  fs::create_symlink(path("canary/file"), layer("/data/link"));
  const std::string volume = make_volume("volume");
  Spec spec = make_spec("readlink /data/link");
  spec.mounts.push_back({"/data", "bind", volume, {"rbind", "copy-up"}});
  EXPECT_EQ(run(spec).output, path("canary/file") + "\n");
}

}  // namespace
}  // namespace minidock::runtime::test
