#include "base/rotated_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include <filesystem>

#include "base/file.h"
#include "base/syscall.h"

namespace minidock::rotated_files {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RotatedFiles : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(mkdtemp(directory_), nullptr);
    path_ = std::string(directory_) + "/log";
  }
  void TearDown() override { file::remove_tree(directory_); }

  // An empty suffix is the file itself; the content tells which one it was.
  void make(const std::string& suffix, const std::string& content) const { file::write(path_ + suffix, content, 0640); }
  std::vector<std::string> present() const {
    std::vector<std::string> result;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      result.push_back(entry.path().filename().string().substr(3) + "=" + file::read(entry.path()));
    }
    std::sort(result.begin(), result.end());
    return result;
  }
  std::vector<std::string> listed() const {
    std::vector<std::string> result;
    for (const Predecessor& file : predecessors(path_)) {
      result.push_back(std::to_string(file.number) + (file.compressed ? " compressed" : ""));
    }
    return result;
  }

  char directory_[40] = "/tmp/minidock-rotated-XXXXXX";
  std::string path_;
};

TEST_F(RotatedFiles, NumbersMoveUpAndTheOldestGoes) {
  make("", "d");
  make(".1", "c");
  make(".2.gz", "b");
  rotate(path_, 4);
  EXPECT_THAT(present(), ElementsAre(".1=d", ".2=c", ".3.gz=b"));
  make("", "e");
  rotate(path_, 4);
  EXPECT_THAT(present(), ElementsAre(".1=e", ".2=d", ".3=c"));
}

TEST_F(RotatedFiles, OneFileIsSimplyReplaced) {
  make("", "a");
  rotate(path_, 1);
  EXPECT_THAT(present(), IsEmpty());
}

TEST_F(RotatedFiles, WhatAnInterruptedRotationLeftIsFinished) {
  // Killed after 2 became 3: nothing is dropped to fill the hole.
  make("", "d");
  make(".1", "c");
  make(".3", "b");
  rotate(path_, 4);
  EXPECT_THAT(present(), ElementsAre(".1=d", ".2=c", ".3=b"));
  // Killed before the new file was made.
  rotate(path_, 4);
  EXPECT_THAT(present(), ElementsAre(".1=d", ".2=c", ".3=b"));
}

TEST_F(RotatedFiles, FilesBeyondTheLimitGo) {
  make("", "e");
  for (const char* number : {".1", ".2", ".3.gz", ".7"}) make(number, number);
  rotate(path_, 3);
  EXPECT_THAT(present(), ElementsAre(".1=e", ".2=.1"));
}

TEST_F(RotatedFiles, ListsOnlyItsOwnNewestFirst) {
  for (const char* name : {"", ".1", ".2", ".2.gz", ".10.gz", ".01", ".0", ".compressing", ".1.gz.x", "2"})
    make(name, "");
  EXPECT_THAT(listed(), ElementsAre("1", "2", "10 compressed"));
  remove_predecessors(path_);
  EXPECT_THAT(listed(), IsEmpty());
  EXPECT_TRUE(file::exists(path_));
  EXPECT_FALSE(file::exists(path_ + ".2.gz")) << "the compressed one of the pair";
}

TEST_F(RotatedFiles, TheLockKeepsAnotherFromRenaming) {
  Fd held = lock(path_, LOCK_SH);
  EXPECT_FALSE(try_lock(path_).valid());
  held.reset();
  EXPECT_TRUE(try_lock(path_).valid());
}

TEST_F(RotatedFiles, ACompressedFileKnowsItsInode) {
  const ino_t inode = 0x123456789abcdef0;
  const std::string field = gzip_extra_field(inode);
  make(".1.gz", std::string("\x1f\x8b\x08\x04\0\0\0\0\0\xff", 10) + std::string("\x0c\0", 2) + field + "data");
  EXPECT_EQ(original_inode(sys::open(path_ + ".1.gz", O_RDONLY).get()), inode);
  make(".2.gz", "something shorter");
  EXPECT_EQ(original_inode(sys::open(path_ + ".2.gz", O_RDONLY).get()), std::nullopt);
}

}  // namespace
}  // namespace minidock::rotated_files
