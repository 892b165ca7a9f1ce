#include "engine/log_reader.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "base/file.h"
#include "base/process.h"
#include "base/rotated_files.h"
#include "base/syscall.h"
#include "engine/shim/container_log.h"
#include "engine/shim/json_log.h"
#include "engine/shim/local_log.h"

namespace minidock {
namespace {

using shim::ContainerLog;
using shim::FileLimits;
using shim::LogStream;
using testing::ElementsAre;
using testing::IsEmpty;

class LogFile : public testing::TestWithParam<LogFormat> {
 protected:
  void SetUp() override {
    ASSERT_NE(mkdtemp(directory_), nullptr);
    path_ = std::string(directory_) + "/log";
  }
  void TearDown() override { file::remove_tree(directory_); }

  ContainerLog writer(FileLimits limits = {}) const {
    if (GetParam() == LogFormat::records) return ContainerLog(std::make_unique<shim::LocalLog>(path_, limits));
    return ContainerLog(std::make_unique<shim::JsonLog>(path_, limits, std::map<std::string, std::string>{}));
  }
  std::unique_ptr<LogReader> reader(const LogQuery& query = {}) const {
    return open_log_file(GetParam(), path_, query);
  }
  static std::vector<std::string> take(LogReader& reader) {
    std::vector<std::string> result;
    while (const std::optional<LogEntry> entry = reader.next()) result.push_back(entry->text);
    return result;
  }
  std::vector<std::string> tail(std::int64_t entries) const { return take(*reader({false, entries, {}})); }
  void compress() const {
    process::SpawnOptions options;
    options.program = process::find_companion("minidock-image");
    options.arguments = {"minidock-image", "compress-log", path_};
    const pid_t pid = process::spawn(options);
    ASSERT_EQ(process::exit_code(sys::waitpid(pid)), 0);
  }

  char directory_[40] = "/tmp/minidock-reader-XXXXXX";
  std::string path_;
};

INSTANTIATE_TEST_SUITE_P(Formats, LogFile, testing::Values(LogFormat::json_lines, LogFormat::records),
                         [](const auto& format) { return format.param == LogFormat::records ? "local" : "json"; });

TEST_P(LogFile, GivesWhatWasWritten) {
  ContainerLog log = writer();
  log.write(LogStream::out, "one\n");
  log.write(LogStream::err, "two");
  log.end(LogStream::err);
  const auto entries = reader();
  const std::optional<LogEntry> first = entries->next();
  const std::optional<LogEntry> second = entries->next();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->text, "one\n");
  EXPECT_FALSE(first->is_stderr);
  EXPECT_EQ(second->text, "two");
  EXPECT_TRUE(second->is_stderr);
  EXPECT_GE(second->time, first->time);
  EXPECT_FALSE(entries->next());
}

TEST_P(LogFile, AnAbsentLogIsEmpty) {
  EXPECT_THAT(take(*reader()), IsEmpty());
  EXPECT_THAT(tail(3), IsEmpty());
}

TEST_P(LogFile, ReadsAndCountsThroughRotatedAndCompressedFiles) {
  {
    ContainerLog log = writer({200, 50, {}});
    for (int i = 0; i < 40; ++i) log.write(LogStream::out, std::to_string(i) + "\n");
  }
  const std::vector<std::string> all = take(*reader());
  ASSERT_TRUE(file::exists(path_ + ".2"));
  EXPECT_EQ(all.back(), "39\n");
  compress();
  ASSERT_TRUE(file::exists(path_ + ".2.gz"));
  EXPECT_EQ(take(*reader()), all);
  for (std::size_t wanted = 0; wanted <= all.size() + 1; ++wanted) {
    const std::size_t expected = std::min(wanted, all.size());
    EXPECT_EQ(tail(static_cast<std::int64_t>(wanted)),
              std::vector<std::string>(all.end() - static_cast<int>(expected), all.end()));
  }
}

TEST_P(LogFile, TailOfAnEmptyCurrentFileIsInItsPredecessor) {
  ContainerLog log = writer();
  log.write(LogStream::out, "one\ntwo\n");
  rotated_files::rotate(path_, 3);
  writer();
  EXPECT_THAT(tail(1), ElementsAre("two\n"));
}

TEST_P(LogFile, FollowsAnEmptiedFileEvenWhenItHasGrownPastWhereItWas) {
  ContainerLog log = writer();
  log.write(LogStream::out, "one\n");
  const auto entries = reader({true, {}, {}});
  EXPECT_THAT(take(*entries), ElementsAre("one\n"));
  ASSERT_EQ(truncate(path_.c_str(), 0), 0);
  log.write(LogStream::out, "two\nthree\n");
  EXPECT_THAT(take(*entries), ElementsAre("two\n", "three\n"));
  ASSERT_EQ(truncate(path_.c_str(), 0), 0);
  EXPECT_THAT(take(*entries), IsEmpty());
  log.write(LogStream::out, "four\n");
  EXPECT_THAT(take(*entries), ElementsAre("four\n"));
}

TEST_P(LogFile, FollowsFromTheEndOfAFileThatIsEmptied) {
  ContainerLog log = writer();
  log.write(LogStream::out, "one\n");
  const auto entries = reader({true, 0, {}});
  ASSERT_EQ(truncate(path_.c_str(), 0), 0);
  log.write(LogStream::out, "two\nthree\n");
  EXPECT_THAT(take(*entries), ElementsAre("two\n", "three\n"));
}

TEST_P(LogFile, FollowsThroughRotationsThatItHasSlept) {
  FileLimits limits{200, 50, {}};
  ContainerLog log = writer(limits);
  log.write(LogStream::out, "begin\n");
  const auto entries = reader({true, {}, {}});
  EXPECT_THAT(take(*entries), ElementsAre("begin\n"));
  std::vector<std::string> expected;
  for (int i = 0; i < 60; ++i) {
    expected.push_back(std::to_string(i) + "\n");
    log.write(LogStream::out, expected.back());
  }
  compress();  // also the file that the reader has open
  EXPECT_EQ(take(*entries), expected);
}

TEST_P(LogFile, AFollowerWhoseFileWasDroppedGoesOnWithWhatIsThere) {
  ContainerLog log = writer({200, 3, {}});
  log.write(LogStream::out, "begin\n");
  const auto entries = reader({true, {}, {}});
  take(*entries);
  for (int i = 0; i < 60; ++i) log.write(LogStream::out, std::to_string(i) + "\n");
  EXPECT_EQ(take(*entries).back(), "59\n");
}

// A writer, its compressing helper and a follower at work at the same time: nothing is missed and nothing comes twice.
TEST_P(LogFile, AFollowerMissesNothingWhileFilesAreRotatedAndCompressed) {
  constexpr int kEntries = 20'000;
  const FileLimits limits{20'000, 1000, {process::find_companion("minidock-image"), "compress-log", path_}};
  ContainerLog log = writer(limits);
  const auto entries = reader({true, {}, {}});
  std::atomic<bool> finished = false;
  std::thread thread([&] {
    for (int i = 0; i < kEntries; ++i) log.write(LogStream::out, std::to_string(i) + "\n");
    finished = true;
  });
  int expected = 0;
  for (bool last = false; !last;) {
    last = finished;
    while (const std::optional<LogEntry> entry = entries->next()) {
      if (entry->text != std::to_string(expected) + "\n") {
        ADD_FAILURE() << "expected " << expected << ", got " << entry->text;
        expected = kEntries;
        break;
      }
      ++expected;
    }
    pollfd news{entries->news(), POLLIN, 0};
    if (!last) poll(&news, 1, 100);
  }
  thread.join();
  EXPECT_EQ(expected, kEntries);
  // How often depends on how fast the helper is.
  EXPECT_GT(rotated_files::predecessors(path_).size(), 1U);
}

// As `logs --clear` does it, over and over: what comes is always the end of what was written, without a hole.
TEST_P(LogFile, EmptyingARunningLogLosesNothingThatComesLater) {
  ContainerLog log = writer({5'000, 4, {}});
  std::atomic<bool> finished = false;
  std::thread thread([&] {
    while (!finished) {
      const Fd names = rotated_files::lock(path_, LOCK_EX);
      rotated_files::remove_predecessors(path_);
      if (::truncate(path_.c_str(), 0) != 0) ADD_FAILURE() << "the file is always there while the names are held";
    }
  });
  constexpr int kEntries = 20'000;
  for (int i = 0; i < kEntries; ++i) log.write(LogStream::out, std::to_string(i) + "\n");
  finished = true;
  thread.join();
  for (int i = kEntries; i < kEntries + 100; ++i) log.write(LogStream::out, std::to_string(i) + "\n");
  const std::vector<std::string> left = take(*reader());
  ASSERT_GE(left.size(), 100U);
  const int first = kEntries + 100 - static_cast<int>(left.size());
  for (std::size_t i = 0; i < left.size(); ++i) EXPECT_EQ(left[i], std::to_string(first + static_cast<int>(i)) + "\n");
}

}  // namespace
}  // namespace minidock
