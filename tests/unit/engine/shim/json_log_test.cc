#include "engine/shim/json_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "base/file.h"
#include "base/format.h"
#include "base/json.h"
#include "engine/shim/container_log.h"
#include "engine/shim/json_escape.h"

namespace minidock::shim {
namespace {

std::string escaped(std::string_view text) {
  std::string out(escaped_room(text.size()), '\0');
  out.resize(static_cast<std::size_t>(escape_json(text, out.data()) - out.data()));
  return out;
}

ContainerLog open_log(const std::string& path, const std::map<std::string, std::string>& attributes = {}) {
  return ContainerLog(std::make_unique<JsonLog>(path, FileLimits{}, attributes));
}

TEST(JsonEscape, IsDockers) {
  EXPECT_EQ(escaped("plain ~\x7f"), "plain ~\x7f");
  EXPECT_EQ(escaped("a\"b\\c\n\r\t\x01"), "a\\\"b\\\\c\\n\\r\\u0009\\u0001");
  EXPECT_EQ(escaped("<a&b>"), "\\u003ca\\u0026b\\u003e");
  EXPECT_EQ(escaped(std::string_view("\0", 1)), "\\u0000");
  EXPECT_EQ(escaped("\xe2\x80\xa8\xe2\x80\xa9"), "\\u2028\\u2029");
}

TEST(JsonEscape, KeepsUtf8) { EXPECT_EQ(escaped("h\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\xb3"), "hä € 🐳"); }

TEST(JsonEscape, EachByteThatIsNotUtf8IsOneReplacement) {
  const std::string r = "\\ufffd";
  EXPECT_EQ(escaped("a\xff"), "a" + r);
  EXPECT_EQ(escaped("\xc0\xaf"), r + r);                  // overlong slash
  EXPECT_EQ(escaped("\xe0\x80\xaf"), r + r + r);          // overlong, three bytes
  EXPECT_EQ(escaped("\xed\xa0\x80"), r + r + r);          // surrogate
  EXPECT_EQ(escaped("\xf4\x90\x80\x80"), r + r + r + r);  // beyond U+10FFFF
  EXPECT_EQ(escaped("\xe2\x82"), r + r);                  // cut off
  EXPECT_EQ(escaped("\x80x"), r + "x");
}

// The fast way looks at sixteen bytes at a time: a byte that needs an escape may stand at any of them.
TEST(JsonEscape, FindsSpecialBytesEverywhere) {
  for (std::size_t length = 0; length < 40; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      for (const auto& [byte, escape] :
           {std::pair{'"', "\\\""}, {'\n', "\\n"}, {'\0', "\\u0000"}, {'&', "\\u0026"}, {'\xff', "\\ufffd"}}) {
        std::string text(length, 'a');
        text[at] = byte;
        EXPECT_EQ(escaped(text), std::string(at, 'a') + escape + std::string(length - at - 1, 'a'));
      }
    }
  }
}

class JsonLogFile : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(mkdtemp(directory_), nullptr);
    path_ = std::string(directory_) + "/log";
  }
  void TearDown() override { file::remove_tree(directory_); }

  std::vector<Json> entries() const {
    std::vector<Json> result;
    const std::string text = file::read(path_);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      EXPECT_NE(end, std::string::npos) << "the last entry is not whole";
      if (end == std::string::npos) break;
      result.push_back(json::parse(text.substr(at, end - at), "entry"));
      at = end + 1;
    }
    return result;
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> result;
    for (const Json& entry : entries())
      result.push_back(entry.at("stream").get<std::string>() + ":" + entry.at("log").get<std::string>());
    return result;
  }

  char directory_[32] = "/tmp/minidock-log-XXXXXX";
  std::string path_;
};

TEST_F(JsonLogFile, HasDockersShapeAndMode) {
  ContainerLog log = open_log(path_);
  const std::int64_t before = format::now_ns();
  log.write(LogStream::out, "hello\n");
  const std::string text = file::read(path_);
  EXPECT_THAT(text, ::testing::StartsWith("{\"log\":\"hello\\n\",\"stream\":\"stdout\",\"time\":\"2"));
  EXPECT_THAT(text, ::testing::EndsWith("Z\"}\n"));
  const std::int64_t time = format::parse_rfc3339(entries().at(0).at("time").get<std::string>());
  EXPECT_GE(time, before);
  EXPECT_LE(time, format::now_ns());
  struct stat status {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0640U);
}

TEST_F(JsonLogFile, AttributesStandInEachEntryAsDockerWritesThem) {
  ContainerLog log = open_log(path_, {{"com.example/team", "a \"b\""}, {"A", "1"}});
  log.write(LogStream::err, "x\ny\n");
  EXPECT_THAT(file::read(path_), ::testing::StartsWith("{\"log\":\"x\\n\",\"stream\":\"stderr\",\"attrs\":{\"A\":\"1\","
                                                       "\"com.example/team\":\"a \\\"b\\\"\"},\"time\":\"2"));
  EXPECT_EQ(entries().at(1).at("attrs").at("A"), "1");
}

TEST_F(JsonLogFile, LinesAreCollectedForEachStream) {
  ContainerLog log = open_log(path_);
  log.write(LogStream::out, "one\ntw");
  log.write(LogStream::err, "error\n");
  log.write(LogStream::out, "o\n\nrest");
  EXPECT_THAT(texts(), ::testing::ElementsAre("stdout:one\n", "stderr:error\n", "stdout:two\n", "stdout:\n"));
  log.end(LogStream::out);
  log.end(LogStream::err);
  EXPECT_THAT(texts(),
              ::testing::ElementsAre("stdout:one\n", "stderr:error\n", "stdout:two\n", "stdout:\n", "stdout:rest"));
}

TEST_F(JsonLogFile, LongLinesAreCutAt16KiB) {
  const std::string line = std::string(kMaxLogLine, 'a') + std::string(kMaxLogLine, 'b') + "c\n";
  for (const std::size_t step : {line.size(), std::size_t{1000}, std::size_t{1}}) {
    unlink(path_.c_str());
    ContainerLog log = open_log(path_);
    for (std::size_t at = 0; at < line.size(); at += step)
      log.write(LogStream::out, std::string_view(line).substr(at, step));
    EXPECT_THAT(texts(), ::testing::ElementsAre("stdout:" + std::string(kMaxLogLine, 'a'),
                                                "stdout:" + std::string(kMaxLogLine, 'b'), "stdout:c\n"))
        << "in steps of " << step;
  }
}

TEST_F(JsonLogFile, ALineOfExactly16KiBIsOneEntry) {
  ContainerLog log = open_log(path_);
  log.write(LogStream::out, std::string(kMaxLogLine, 'a') + "\nb\n");
  EXPECT_THAT(texts(), ::testing::ElementsAre("stdout:" + std::string(kMaxLogLine, 'a') + "\n", "stdout:b\n"));
}

TEST_F(JsonLogFile, ACutDoesNotBreakACharacter) {
  ContainerLog log = open_log(path_);
  log.write(LogStream::out, std::string(kMaxLogLine - 1, 'a') + "€b\n");
  EXPECT_THAT(texts(), ::testing::ElementsAre("stdout:" + std::string(kMaxLogLine - 1, 'a'), "stdout:€b\n"));
}

TEST_F(JsonLogFile, WhatAKilledShimLeftHalfIsCutOff) {
  file::write(path_, "{\"log\":\"a\\n\",\"stream\":\"stdout\",\"time\":\"x\"}\n{\"log\":\"" + std::string(10000, 'x'),
              0640);
  ContainerLog log = open_log(path_);
  log.write(LogStream::out, "b\n");
  EXPECT_THAT(texts(), ::testing::ElementsAre("stdout:a\n", "stdout:b\n"));
}

TEST_F(JsonLogFile, AFullDiskLosesEntriesButNeverBreaksOne) {
  ContainerLog log = open_log(path_);
  log.write(LogStream::out, "first\n");
  rlimit previous{};
  getrlimit(RLIMIT_FSIZE, &previous);
  rlimit small = previous;
  small.rlim_cur = 200;  // room for a part of the second entry
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  log.write(LogStream::out, std::string(500, 'x') + "\n");
  setrlimit(RLIMIT_FSIZE, &previous);
  signal(SIGXFSZ, handler);
  log.write(LogStream::out, "last\n");
  EXPECT_THAT(texts(), ::testing::ElementsAre("stdout:first\n", "stdout:last\n"));
}

}  // namespace
}  // namespace minidock::shim
