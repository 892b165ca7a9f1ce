// Images that try to reach the host while they are unpacked or started. hostile_images (Python) writes them.
#include <sys/stat.h>

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::HasSubstr;
using testing::Not;

class HostileImage : public FunctionalTest {
 protected:
  HostileImage() {
    canary_directory_ = box.path("canary-directory");
    box.write_file("canary-directory/canary", "untouched\n", 0600);
    box.host_ok({"chmod", "0755", canary_directory_});
    before_ = fingerprint();
  }

  // Loads the image of that name. Loading may fail: that is one way to stay safe.
  bool load(const std::string& name) {
    const std::string archive = box.path(name + ".tar");
    box.host_ok({source_directory() + "/tests/security/hostile_images", name, archive, canary_directory_,
                 images_directory() + "/busybox.tar"});
    load_result_ = box.minidock({"load", "-q", "-i", archive});
    return load_result_.exit_code == 0;
  }

  Result start(const Arguments& options = {}, const Arguments& program = {"true"}) {
    Arguments arguments = {"run", "--rm"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.push_back("hostile");
    arguments.insert(arguments.end(), program.begin(), program.end());
    return box.minidock(arguments);
  }

  // Names, modes, owners and contents below the canary directory, and times of change.
  std::string fingerprint() {
    return box.shell("cd " + canary_directory_ + " && find . -printf '%p %m %U %G %C@ %s\\n' | sort && cat canary");
  }
  void expect_untouched(const std::string& name) { EXPECT_EQ(fingerprint(), before_) << name; }

  void load_and_start(const std::string& name, const Arguments& options = {}) {
    if (load(name)) {
      start(options);
      Arguments as_host_root = {"--userns", "host"};
      as_host_root.insert(as_host_root.end(), options.begin(), options.end());
      start(as_host_root);
    }
    expect_untouched(name);
  }

  std::string canary_directory_;
  std::string before_;
  Result load_result_;
};

std::string name_of_case(const testing::TestParamInfo<const char*>& parameter) {
  std::string name = parameter.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

class Escape : public HostileImage, public testing::WithParamInterface<const char*> {};

TEST_P(Escape, HostStaysUntouched) { load_and_start(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Layers, Escape,
                         testing::Values("absolute-symlink-write", "relative-symlink-write", "dot-dot-name",
                                         "absolute-name", "hard-link-out", "hard-link-through-symlink",
                                         "symlink-replaced-file", "whiteout-through-symlink", "whiteout-dot-dot",
                                         "chmod-through-symlink"),
                         name_of_case);
INSTANTIATE_TEST_SUITE_P(MountTargets, Escape,
                         testing::Values("dev-is-a-symlink", "proc-is-a-symlink", "sys-is-a-symlink",
                                         "etc-is-a-symlink", "hosts-is-a-symlink", "resolv-is-a-symlink"),
                         name_of_case);

TEST_F(HostileImage, WorkingDirectoryThroughASymlinkStaysInside) {
  load_and_start("workdir-is-a-symlink", {"-w", "/work/made/here"});
}

TEST_F(HostileImage, VolumeTargetThroughASymlinkStaysInside) {
  load_and_start("volume-is-a-symlink", {"-v", "vol:/data/deep"});
  load_and_start("volume-is-a-symlink", {"--mount", "type=tmpfs,target=/data"});
}

TEST_F(HostileImage, NullDeviceOfTheImageIsNotUsed) {
  ASSERT_TRUE(load("null-is-a-symlink"));
  const std::string pattern = read_file("/proc/sys/kernel/core_pattern");
  EXPECT_EQ(start({"--userns", "host"}, {"stat", "-c", "%t:%T", "/dev/null"}).out, "1:3\n");
  EXPECT_EQ(start({"--userns", "host"}, {"sh", "-c", "cat /proc/timer_list | wc -c"}).out, "0\n");
  EXPECT_EQ(read_file("/proc/sys/kernel/core_pattern"), pattern);
}

TEST_F(HostileImage, UserNumberThatOverflowsIsNotRoot) {
  for (const char* name : {"user-overflow", "user-too-large"}) {
    if (!load(name)) continue;
    const Result result = start({}, {"id", "-u"});
    EXPECT_NE(result.exit_code, 0) << name << " became " << result.out;
  }
}

TEST_F(HostileImage, VolumeOnProcIsRefused) {
  if (load("volume-on-proc")) {
    EXPECT_NE(start().exit_code, 0);
  }
}

TEST_F(HostileImage, VolumeWithDotsCopiesNothingOfTheHost) {
  if (!load("volume-dot-dot")) return;
  const Result result = start({}, {"cat", "/etc/shadow"});
  EXPECT_THAT(result.out, Not(HasSubstr("root:")));
}

TEST_F(HostileImage, WorkingDirectoryOfADescriptorFails) {
  if (load("workdir-fd")) {
    EXPECT_NE(start({}, {"cat", "../../../etc/passwd"}).exit_code, 0);
  }
}

TEST_F(HostileImage, PasswdThatIsAFifoDoesNotHang) {
  if (load("passwd-is-a-fifo")) {
    EXPECT_NE(start({"-u", "www-data"}).exit_code, 0);
  }
}

TEST_F(HostileImage, PasswdThatIsALinkToTheHostIsNotRead) {
  box.shell("echo 'minidockcanary:x:0:0::/:' >> /etc/shadow");
  if (load("passwd-is-a-host-file")) {
    EXPECT_NE(start({"-u", "minidockcanary"}).exit_code, 0);
  }
}

TEST_F(HostileImage, HugeGroupFileIsAnError) {
  if (load("group-is-huge")) {
    EXPECT_NE(start({"-u", "www-data:nosuchgroup"}).exit_code, 0);
  }
}

TEST_F(HostileImage, DeviceNodeOfALayerOpensNothing) {
  if (!load("device-node")) return;
  EXPECT_NE(start({}, {"head", "-c", "1", "/hostmem"}).exit_code, 0);
  EXPECT_NE(start({"--userns", "host"}, {"head", "-c", "1", "/hostmem"}).exit_code, 0);
}

TEST_F(HostileImage, ForgedOverlayAttributesAreDropped) {
  if (!load("overlay-xattr")) return;
  box.host_ok({"sh", "-c", "command -v getfattr"});
  EXPECT_EQ(box.shell("getfattr -R -h -m '^trusted.overlay' " + box.path("root") +
                      "/layers 2>/dev/null | grep redirect || true"),
            "");
}

TEST_F(HostileImage, WrongDigestIsRefusedAndLeavesNothing) {
  EXPECT_FALSE(load("wrong-digest"));
  EXPECT_FALSE(load("wrong-diff-id"));
  EXPECT_EQ(box.minidock_ok({"images", "-q"}), "");
  EXPECT_EQ(box.shell("ls -A " + box.path("root") + "/layers"), "");
}

TEST_F(HostileImage, PathsInsteadOfDigestsAreRefused) {
  EXPECT_FALSE(load("digest-with-path"));
  EXPECT_THAT(load_result_.err + load_result_.out, Not(HasSubstr("root:")));
}

TEST_F(HostileImage, BombIsRefused) {
  EXPECT_FALSE(load("bomb"));
  EXPECT_EQ(box.shell("ls -A " + box.path("root") + "/layers"), "");
}

TEST_F(HostileImage, DeeplyNestedJsonIsAnErrorAndNotACrash) {
  EXPECT_FALSE(load("deep-json"));
  EXPECT_LT(load_result_.exit_code, 128) << "ended by a signal";
}

}  // namespace
}  // namespace minidock::functional
