#include "storage/unpack/log_compression.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/rotated_files.h"
#include "base/syscall.h"

namespace minidock::storage {
namespace {

using testing::ElementsAre;

class LogCompression : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(mkdtemp(directory_), nullptr);
    path_ = std::string(directory_) + "/log";
  }
  void TearDown() override { file::remove_tree(directory_); }

  std::string text_of(const std::string& suffix) const {
    const Fd in = sys::open(path_ + suffix, O_RDONLY);
    const Fd out = sys::open(std::string(directory_) + "/text", O_RDWR | O_CREAT | O_TRUNC, 0600);
    read_compressed_log(in.get(), out.get());
    return file::read(std::string(directory_) + "/text", 64 << 20);
  }
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) result.push_back(entry.path().filename());
    std::sort(result.begin(), result.end());
    return result;
  }

  char directory_[40] = "/tmp/minidock-compress-XXXXXX";
  std::string path_;
};

TEST_F(LogCompression, AllPredecessorsAndNotTheCurrentFile) {
  std::string text;
  for (int i = 0; text.size() < 5'000'000; ++i) text += std::to_string(i) + " a line of a log\n";
  file::write(path_, "current", 0640);
  file::write(path_ + ".1", text, 0640);
  file::write(path_ + ".2", "", 0640);
  const ino_t inode = sys::fstatat(AT_FDCWD, path_ + ".1", 0).st_ino;
  compress_predecessors(path_);
  EXPECT_THAT(names(), ElementsAre("log", "log.1.gz", "log.2.gz"));
  EXPECT_LT(std::filesystem::file_size(path_ + ".1.gz"), text.size() / 3);
  EXPECT_EQ(rotated_files::original_inode(sys::open(path_ + ".1.gz", O_RDONLY).get()), inode);
  EXPECT_EQ(system(("gzip -t " + path_ + ".1.gz " + path_ + ".2.gz").c_str()), 0) << "other programs read it, too";
  EXPECT_TRUE(text_of(".1.gz") == text);
  EXPECT_EQ(text_of(".2.gz"), "");
}

TEST_F(LogCompression, ACompressionThatWasInterruptedIsDoneAgain) {
  file::write(path_ + ".1", "text", 0640);
  file::write(path_ + ".1.gz", "\x1f\x8bhalf", 0640);
  file::write(path_ + ".compressing", "half", 0640);
  compress_predecessors(path_);
  EXPECT_THAT(names(), ElementsAre("log.1.gz"));
  EXPECT_EQ(text_of(".1.gz"), "text");
}

TEST_F(LogCompression, ADamagedFileIsAnError) {
  file::write(path_ + ".1", std::string(1000, 'x'), 0640);
  compress_predecessors(path_);
  std::string bytes = file::read(path_ + ".1.gz");
  bytes[bytes.size() - 6] ^= 1;
  file::write(path_ + ".1.gz", bytes, 0640);
  EXPECT_THROW(text_of(".1.gz"), Error);
}

}  // namespace
}  // namespace minidock::storage
