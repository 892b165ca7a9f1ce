// What kernels without the newest calls get, forced one by one.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/xattr.h>

#include <array>
#include <cstring>
#include <filesystem>

#include "base/file.h"
#include "base/syscall.h"
#include "container_fixture.h"

namespace minidock::runtime::test {
namespace {

namespace fs = std::filesystem;

class RootfsFallbackTest : public ContainerTest,
                           public ::testing::WithParamInterface<std::tuple<LayerMapping, OverlayCall>> {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    fs::create_directories(path("layers/top/etc"));
    file::write(path("layers/top/etc/top"), "top\n", 0644);
    sys::fchownat(AT_FDCWD, path("layers/top/etc/top"), 1000, 1000, 0);
    sys::mknodat(AT_FDCWD, path("layers/top/etc/group"), S_IFCHR, 0);  // whiteout
  }
  Spec forced(Spec spec) const {
    spec.rootfs.layers = {"top", "base"};
    std::tie(spec.rootfs.layer_mapping, spec.rootfs.overlay_call) = GetParam();
    return spec;
  }
};

constexpr const char* kScript = "stat -c '%u:%g' / /bin/busybox /etc/top; ls /etc; touch /etc/new; stat -c %u /etc/new";
constexpr const char* kOutput = "0:0\n0:0\n1000:1000\npasswd\ntop\n0\n";

TEST_P(RootfsFallbackTest, ShowsTheLayersWithTheirOwners) {
  EXPECT_EQ(run(forced(make_spec(kScript))).output, kOutput);
  EXPECT_EQ(sys::fstatat(AT_FDCWD, path("upper/etc/new"), 0).st_uid, kHostId);
}

TEST_P(RootfsFallbackTest, WorksWithoutAUserNamespace) {
  EXPECT_EQ(run(forced(make_host_user_spec(kScript))).output, kOutput);
}

TEST_P(RootfsFallbackTest, VolatileIsTaken) {
  Spec spec = forced(make_spec("grep -c '^overlay / .*volatile' /proc/mounts"));
  spec.rootfs.is_volatile = true;
  EXPECT_EQ(run(spec).output, "1\n");
  // A second start could show half of what the first one wrote.
  EXPECT_THAT(error_of(spec, ErrorKind::conflict), ::testing::HasSubstr("remove it and create a new one"));
}

INSTANTIATE_TEST_SUITE_P(All, RootfsFallbackTest,
                         ::testing::Combine(::testing::Values(LayerMapping::automatic, LayerMapping::copy),
                                            ::testing::Values(OverlayCall::automatic, OverlayCall::descriptors,
                                                              OverlayCall::strings, OverlayCall::classic)));

class MappedLayersTest : public ContainerTest {};

TEST_F(MappedLayersTest, CopiesAreMadeOnceAndKeepEverything) {
  fs::create_hard_link(layer("/etc/passwd"), layer("/etc/linked"));
  // cap_net_raw=ep, revision 2.
  const std::string capability{"\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20};
  ASSERT_EQ(setxattr(layer("/etc/group").c_str(), "security.capability", capability.data(), capability.size(), 0), 0);
  fs::permissions(layer("/bin/busybox"), fs::perms(04755));
  Spec spec = make_spec("stat -c %h /etc/linked; stat -c %a /bin/busybox; readlink /bin/sh");
  spec.rootfs.layer_mapping = LayerMapping::copy;
  EXPECT_EQ(run(spec).output, "2\n4755\nbusybox\n");
  const std::string copy = path(fmt::format("layers-mapped/{}/base", kHostId));
  EXPECT_EQ(sys::fstatat(AT_FDCWD, copy + "/etc", 0).st_uid, kHostId);
  std::array<char, 64> value{};
  ASSERT_EQ(getxattr((copy + "/etc/group").c_str(), "security.capability", value.data(), value.size()), 24);
  std::uint32_t root = 0;
  std::memcpy(&root, value.data() + 20, sizeof root);
  EXPECT_EQ(root, kHostId);
  // The second start uses what is there.
  file::write(copy + "/etc/mark", "", 0644);
  spec.process.args = {"/bin/ls", "/etc/mark"};
  EXPECT_EQ(run(spec).output, "/etc/mark\n");
}

}  // namespace
}  // namespace minidock::runtime::test
