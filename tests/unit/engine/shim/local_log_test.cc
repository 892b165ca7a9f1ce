#include "engine/shim/local_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "engine/shim/container_log.h"

namespace minidock::shim {
namespace {

using testing::ElementsAre;

class LocalLogFile : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(mkdtemp(directory_), nullptr);
    path_ = std::string(directory_) + "/container.log";
  }
  void TearDown() override { file::remove_tree(directory_); }
  ContainerLog open() const { return ContainerLog(std::make_unique<LocalLog>(path_, FileLimits{})); }

  // "stream:text", with a + where the line goes on.
  std::vector<std::string> entries() const {
    const std::string content = file::read(path_);
    std::vector<std::string> result;
    for (std::string_view rest = content; !rest.empty();) {
      const std::uint32_t size = decode_local_size(rest.data());
      const LocalEntry entry = decode_local_body(rest.substr(kLocalSizeField, size));
      EXPECT_EQ(decode_local_size(rest.data() + kLocalSizeField + size), size);
      EXPECT_GT(entry.time, 1'600'000'000'000'000'000);
      result.push_back((entry.is_stderr ? "err:" : "out:") + std::string(entry.text) + (entry.goes_on ? "+" : ""));
      rest.remove_prefix(size + 2 * kLocalSizeField);
    }
    return result;
  }

  char directory_[40] = "/tmp/minidock-local-XXXXXX";
  std::string path_;
};

TEST_F(LocalLogFile, KeepsBytesAsTheyAre) {
  ContainerLog log = open();
  log.write(LogStream::out, "a\"\xff\r\n\n");
  log.write(LogStream::err, "b");
  log.end(LogStream::err);
  EXPECT_THAT(entries(), ElementsAre("out:a\"\xff\r", "out:", "err:b+"));
}

TEST_F(LocalLogFile, LongLinesAreCut) {
  ContainerLog log = open();
  log.write(LogStream::out, std::string(kMaxLogLine, 'a') + "b\n");
  EXPECT_THAT(entries(), ElementsAre("out:" + std::string(kMaxLogLine, 'a') + "+", "out:b"));
}

TEST_F(LocalLogFile, WhatAKilledShimLeftHalfIsCutOff) {
  {
    ContainerLog log = open();
    log.write(LogStream::out, "one\ntwo\n");
  }
  const std::string whole = file::read(path_);
  for (const std::size_t more : {1U, 4U, 7U, 19U}) {  // a record of "one" has 20 bytes
    file::write(path_, whole + whole.substr(0, more), 0640);
    open();
    EXPECT_THAT(entries(), ElementsAre("out:one", "out:two")) << more;
  }
}

}  // namespace
}  // namespace minidock::shim
