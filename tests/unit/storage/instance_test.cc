#include "storage/instance.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "tests/unit/storage/scratch.h"

namespace minidock::storage {
namespace {

TEST(Instance, DefaultDirectoriesHavePlainNames) {
  const Instance instance = make_instance(kDefaultRoot, "/run//minidock/");
  EXPECT_EQ(instance.root, "/var/lib/minidock");
  EXPECT_EQ(instance.state, "/run/minidock");
  EXPECT_EQ(instance.bridge, "minidock0");
  EXPECT_EQ(instance.nft_table, "minidock");
  EXPECT_EQ(instance.cgroup_parent, "minidock");
}

TEST(Instance, OtherDirectoriesHaveNamesOfTheirOwn) {
  const Instance a = make_instance("/srv/a", kDefaultState);
  const Instance b = make_instance("/srv/b", kDefaultState);
  const Instance c = make_instance("/srv/a", "/run/c");
  EXPECT_EQ(a.bridge.size(), 10U);
  EXPECT_EQ(a.bridge.substr(0, 2), "md");
  EXPECT_EQ(a.nft_table, "minidock-" + a.bridge.substr(2));
  EXPECT_EQ(a.cgroup_parent, a.nft_table);
  EXPECT_NE(a.bridge, b.bridge);
  EXPECT_NE(a.bridge, c.bridge);
  EXPECT_EQ(a.bridge, make_instance("/srv/x/../a/", kDefaultState).bridge);
}

TEST(Instance, ALinkToTheDirectoryIsTheSameInstance) {
  const Scratch scratch;
  ASSERT_EQ(symlink(".", (scratch.path() + "/link").c_str()), 0);
  const Instance direct = make_instance(scratch.path() + "/root", scratch.path() + "/state");
  const Instance linked = make_instance(scratch.path() + "/link/root", scratch.path() + "/state");
  EXPECT_EQ(direct.bridge, linked.bridge);
}

TEST(Instance, RelativeDirectoriesBecomeAbsolute) {
  EXPECT_EQ(make_instance("x", kDefaultState).root.front(), '/');
  EXPECT_THROW(make_instance("", kDefaultState), Error);
}

TEST(Instance, DirectoriesAreClosedToOthers) {
  const Scratch scratch;
  const Instance instance = make_instance(scratch.path() + "/new/root", scratch.path() + "/new/state");
  create_directories(instance);
  create_directories(instance);
  for (const std::string& directory : {instance.root, instance.state, instance.blobs(), instance.layers()}) {
    struct stat status {};
    ASSERT_EQ(stat(directory.c_str(), &status), 0) << directory;
    EXPECT_EQ(status.st_mode & 07777U, 0700U) << directory;
  }
}

}  // namespace
}  // namespace minidock::storage
