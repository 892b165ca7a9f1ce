#include "engine/shim/rotating_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/file.h"
#include "base/rotated_files.h"

namespace minidock::shim {
namespace {

off_t all_of_it(int, off_t size) { return size; }

class RotatingFileTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(mkdtemp(directory_), nullptr);
    path_ = std::string(directory_) + "/log";
  }
  void TearDown() override { file::remove_tree(directory_); }
  std::string content(const std::string& suffix = "") const {
    return file::read_if_exists(path_ + suffix).value_or("(none)");
  }

  char directory_[40] = "/tmp/minidock-rotating-XXXXXX";
  std::string path_;
};

TEST_F(RotatingFileTest, AFullFileIsRotatedBeforeTheNextEntry) {
  RotatingFile file(path_, {8, 3, {}}, all_of_it);
  for (const char* entry : {"11111111", "22222222", "33333333", "44444444"}) file.append(entry);
  EXPECT_EQ(content(), "44444444");
  EXPECT_EQ(content(".1"), "33333333");
  EXPECT_EQ(content(".2"), "22222222");
  EXPECT_EQ(content(".3"), "(none)");
  EXPECT_TRUE(file.full_with(0));
  EXPECT_FALSE(RotatingFile(path_ + "2", {8, 3, {}}, all_of_it).full_with(7));
}

TEST_F(RotatingFileTest, WithoutALimitItGrows) {
  RotatingFile file(path_, {}, all_of_it);
  for (int i = 0; i < 1000; ++i) file.append(std::string(1000, 'x'));
  EXPECT_EQ(content().size(), 1'000'000U);
}

TEST_F(RotatingFileTest, AFileThatSomebodyEmptiesGetsNoHole) {
  RotatingFile file(path_, {100, 2, {}}, all_of_it);
  file.append(std::string(90, 'a'));
  ASSERT_EQ(truncate(path_.c_str(), 0), 0);
  file.append("b");
  EXPECT_EQ(content(), "b");
  EXPECT_FALSE(file.full_with(90)) << "the size it has now counts";
}

TEST_F(RotatingFileTest, WhileTheNamesAreHeldItGoesOnInTheSameFile) {
  RotatingFile file(path_, {4, 3, {}}, all_of_it);
  file.append("1111");
  {
    const Fd held = rotated_files::lock(path_, LOCK_SH);
    file.append("2222");
    EXPECT_EQ(content(), "11112222");
  }
  file.append("3333");
  EXPECT_EQ(content(), "3333");
  EXPECT_EQ(content(".1"), "11112222");
}

TEST_F(RotatingFileTest, ADirectoryThatIsGoneStopsNothing) {
  RotatingFile file(path_, {4, 3, {}}, all_of_it);
  file::remove_tree(directory_);
  for (int i = 0; i < 10; ++i) file.append("1111");
  ASSERT_EQ(mkdir(directory_, 0700), 0);
  for (int i = 0; i < 10; ++i) file.append("2222");
  EXPECT_EQ(content(), "2222");
}

// Limited by RLIMIT_FSIZE, which fails in the middle of a write as a full disk does.
TEST_F(RotatingFileTest, OnAFullDiskEntriesAreLostAndNoneIsCut) {
  RotatingFile file(path_, {}, all_of_it);
  file.append("first;");
  rlimit previous{};
  getrlimit(RLIMIT_FSIZE, &previous);
  rlimit small = previous;
  small.rlim_cur = 10;
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  file.append("too long;");
  setrlimit(RLIMIT_FSIZE, &previous);
  signal(SIGXFSZ, handler);
  file.append("last;");
  EXPECT_EQ(content(), "first;last;");
}

TEST_F(RotatingFileTest, AHelperIsStartedOnceAndReaped) {
  // It leaves a mark for each start, and stays until it may go.
  const std::string script = "echo started >> " + path_ + ".marks; until test -e " + path_ + ".go; do sleep 0.01; done";
  RotatingFile file(path_, {4, 3, {"/bin/sh", "-c", script}}, all_of_it);
  EXPECT_EQ(file.helper(), -1);
  for (int i = 0; i < 5; ++i) file.append("1111");
  ASSERT_GE(file.helper(), 0);
  file::write(path_ + ".go", "", 0600);
  pollfd ended{file.helper(), POLLIN, 0};
  ASSERT_EQ(poll(&ended, 1, 60'000), 1);
  file.reap_helper();
  EXPECT_EQ(file.helper(), -1);
  EXPECT_EQ(content(".marks"), "started\n");
  file.append("1111");
  EXPECT_GE(file.helper(), 0) << "the next rotation needs another";
}

TEST_F(RotatingFileTest, AtTheEndTheHelperGoesToo) {
  RotatingFile file(path_, {4, 3, {"/bin/sleep", "1000"}}, all_of_it);
  file.append("1111");
  file.append("1111");
  ASSERT_GE(file.helper(), 0);
  file.end_helper();
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "no child is left";
  file.append("1111");
  file.append("1111");
  EXPECT_EQ(file.helper(), -1);
}

}  // namespace
}  // namespace minidock::shim
