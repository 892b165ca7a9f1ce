// Paths in hostile trees and files of our own.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/syscall.h"

namespace minidock {
namespace {

// A root with a host beside it: host/canary must never be reached through root.
class FilesTest : public testing::Test {
 protected:
  FilesTest() {
    std::string name = "/tmp/minidock-files-XXXXXX";
    base_ = mkdtemp(name.data());
    file::make_directories(base_ + "/root/etc", 0755);
    file::make_directories(base_ + "/host", 0755);
    file::write(base_ + "/host/canary", "untouched", 0644);
    root_ = sys::open(base_ + "/root", O_PATH | O_DIRECTORY);
  }
  ~FilesTest() override {
    EXPECT_EQ(file::read(base_ + "/host/canary"), "untouched");
    file::remove_tree(base_);
  }

  void link(const std::string& target, const std::string& name) const { sys::symlinkat(target, root_.get(), name); }

  std::string base_;
  Fd root_;
};

TEST_F(FilesTest, LinksAreResolvedBelowTheRoot) {
  file::write(base_ + "/root/etc/passwd", "inside", 0644);
  link("/etc/passwd", "absolute");
  link("../../../../../../etc/passwd", "climbing");
  for (const char* name : {"absolute", "climbing", "/etc/../../etc/passwd"}) {
    EXPECT_EQ(file::read(path::open_in_root(root_.get(), name, O_RDONLY).get()), "inside") << name;
  }
  link("../host", "out");
  EXPECT_FALSE(path::open_in_root_if_exists(root_.get(), "out/canary", O_RDONLY));
}

TEST_F(FilesTest, MagicLinksAreRefused) {
  ASSERT_EQ(mkdir((base_ + "/root/proc").c_str(), 0755), 0);
  // A detached procfs cannot be reached by name; the host's own serves as the root instead.
  const Fd slash = sys::open("/", O_PATH | O_DIRECTORY);
  EXPECT_THROW(path::open_in_root(slash.get(), "proc/self/exe", O_RDONLY), SysError);
  EXPECT_THROW(path::open_in_root(slash.get(), "proc/self/root/etc", O_RDONLY), SysError);
}

TEST_F(FilesTest, DirectoriesAreMadeBelowTheRootOnly) {
  link("../host", "out");
  EXPECT_THROW(path::make_directories_in_root(root_.get(), "out/made"), SysError);
  EXPECT_FALSE(file::exists(base_ + "/host/made"));
  link("/etc", "inward");
  path::make_directories_in_root(root_.get(), "inward/a/b", 0700);
  struct stat status {};
  ASSERT_EQ(stat((base_ + "/root/etc/a/b").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0700U);
  path::make_directories_in_root(root_.get(), "../../../climbed");
  EXPECT_TRUE(file::exists(base_ + "/root/climbed"));
  EXPECT_FALSE(file::exists(base_ + "/climbed"));
}

TEST_F(FilesTest, MountTargetsAreMadeWithoutFollowingOut) {
  path::make_file_in_root(root_.get(), "/new/dir/file");
  EXPECT_EQ(file::read(base_ + "/root/new/dir/file"), "");
  link(base_ + "/host/made", "dangling");
  EXPECT_THROW(path::make_file_in_root(root_.get(), "dangling"), SysError);
  EXPECT_FALSE(file::exists(base_ + "/host/made"));
  EXPECT_THAT([&] { path::make_file_in_root(root_.get(), "/etc"); },
              testing::ThrowsMessage<Error>("/etc is a directory, but a file is to be mounted on it"));
}

TEST_F(FilesTest, LexicalPaths) {
  EXPECT_EQ(path::clean_absolute("/a/./b//../c/"), "/a/c");
  EXPECT_EQ(path::clean_absolute("../.."), "/");
  EXPECT_EQ(path::base_name("/a/b"), "b");
  EXPECT_EQ(path::parent_of("/a"), "/");
  EXPECT_EQ(path::parent_of("a"), ".");
}

TEST_F(FilesTest, RemoveTreeUnlinksLinksInsteadOfFollowingThem) {
  link(base_ + "/host", "directory");
  link(base_ + "/host/canary", "file");
  ASSERT_EQ(mkfifo((base_ + "/root/fifo").c_str(), 0600), 0);
  file::remove_tree(base_ + "/root");
  EXPECT_FALSE(file::exists(base_ + "/root"));
}

TEST_F(FilesTest, RemoveTreeManagesATreeDeeperThanDescriptorsAndPathsAllow) {
  Fd directory = sys::openat(root_.get(), "etc", O_PATH | O_DIRECTORY);
  for (int i = 0; i < 5000; ++i) {
    sys::mkdirat(directory.get(), "d", 0755);
    directory = sys::openat(directory.get(), "d", O_PATH | O_DIRECTORY);
  }
  directory.reset();
  file::remove_tree(root_.get(), "etc");
  EXPECT_FALSE(file::exists(base_ + "/root/etc"));
}

TEST_F(FilesTest, RemoveTreeStopsAtAMount) {
  const pid_t child = fork();
  if (child == 0) {
    const std::string target = base_ + "/root/etc";
    if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) _exit(1);
    if (mount("tmpfs", target.c_str(), "tmpfs", 0, nullptr) != 0) _exit(2);
    file::write(target + "/kept", "x", 0600);
    try {
      file::remove_tree(base_ + "/root");
    } catch (const SysError& error) {
      _exit(error.error_number() == EBUSY && file::exists(target + "/kept") ? 0 : 3);
    }
    _exit(4);
  }
  EXPECT_EQ(sys::waitpid(child), 0);
}

TEST_F(FilesTest, ReadHasALimit) {
  file::write(base_ + "/five", "12345", 0600);
  EXPECT_EQ(file::read(base_ + "/five", 5), "12345");
  EXPECT_THROW(file::read(base_ + "/five", 4), Error);
  EXPECT_EQ(file::read_if_exists(base_ + "/none"), std::nullopt);
  EXPECT_FALSE(file::read("/proc/self/status").empty());
}

TEST_F(FilesTest, ReplaceLeavesTheOldFileWhole) {
  const std::string name = base_ + "/file";
  file::write(name, "old", 0600);
  const Fd old = sys::open(name, O_RDONLY);
  file::replace(name, "new", 0640);
  EXPECT_EQ(file::read(name), "new");
  EXPECT_EQ(file::read(old.get()), "old");
  EXPECT_EQ(sys::fstatat(AT_FDCWD, name, 0).st_mode & 07777U, 0640U);
  EXPECT_THROW(file::replace(base_ + "/none/file", "x", 0600), SysError);
}

}  // namespace
}  // namespace minidock
