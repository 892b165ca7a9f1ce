#include "engine/shim/event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "base/file.h"
#include "base/json.h"

namespace minidock::shim {
namespace {

using testing::ElementsAre;

class EventLog : public testing::Test {
 protected:
  EventLog() {
    char pattern[] = "/tmp/event-log-XXXXXX";
    directory_ = mkdtemp(pattern);
  }
  ~EventLog() override { file::remove_tree(directory_); }

  static Event numbered(int number) {
    return {"container", "start", "c" + std::to_string(number), {{"image", "i"}}, 0};
  }
  std::vector<std::string> ids(const std::string& path) const {
    std::vector<std::string> found;
    std::istringstream lines(file::read_if_exists(path).value_or(""));
    for (std::string line; std::getline(lines, line);) {
      found.push_back(event_from_json(json::parse(line, "line")).id);
    }
    return found;
  }
  std::string directory_;
};

TEST_F(EventLog, DocumentIsDockers) {
  const Event event{"container", "die", "c0ffee", {{"image", "busybox"}, {"exitCode", "3"}}, 1'700'000'000'123'456'789};
  EXPECT_EQ(
      to_json(event).dump(),
      R"({"status":"die","id":"c0ffee","from":"busybox","Type":"container","Action":"die","Actor":{"ID":"c0ffee",)"
      R"("Attributes":{"exitCode":"3","image":"busybox"}},"scope":"local","time":1700000000,)"
      R"("timeNano":1700000000123456789})");
  const Event volume{"volume", "create", "v", {{"driver", "local"}}, 5};
  EXPECT_EQ(to_json(volume).dump(),
            R"({"Type":"volume","Action":"create","Actor":{"ID":"v","Attributes":{"driver":"local"}},"scope":"local",)"
            R"("time":0,"timeNano":5})");
}

TEST_F(EventLog, DocumentIsReadBack) {
  const Event event{"network", "connect", "n", {{"name", "bridge"}, {"container", "c"}}, 42};
  const Event read = event_from_json(json::parse(to_json(event).dump(), "event"));
  EXPECT_EQ(read.type, event.type);
  EXPECT_EQ(read.action, event.action);
  EXPECT_EQ(read.id, event.id);
  EXPECT_EQ(read.attributes, event.attributes);
  EXPECT_EQ(read.time_ns, event.time_ns);
}

TEST_F(EventLog, AppendsInOrderWithTheTime) {
  append_events(directory_, {numbered(1), numbered(2)});
  append_event(directory_, numbered(3));
  EXPECT_THAT(ids(event_file(directory_)), ElementsAre("c1", "c2", "c3"));
  std::istringstream lines(file::read(event_file(directory_)));
  std::string line;
  std::getline(lines, line);
  EXPECT_GT(event_from_json(json::parse(line, "line")).time_ns, 1'600'000'000'000'000'000);
}

TEST_F(EventLog, AMissingDirectoryFailsNobody) { append_event(directory_ + "/missing", numbered(1)); }

TEST_F(EventLog, AFullFileIsRotated) {
  append_events(directory_, {numbered(1)}, 10);
  EXPECT_THAT(ids(old_event_file(directory_)), ElementsAre("c1"));
  append_events(directory_, {numbered(2)}, 1'000'000);
  EXPECT_THAT(ids(event_file(directory_)), ElementsAre("c2"));
}

// Many processes write and rotate: each event is in one of the files that were seen. The old file is read before it is
// replaced by who replaces it, so the test looks at what every rotation leaves.
TEST_F(EventLog, NoneIsLostWhileOthersRotate) {
  constexpr int kProcesses = 8;
  constexpr int kEvents = 200;
  std::vector<pid_t> writers;
  for (int process = 0; process < kProcesses; ++process) {
    const pid_t pid = fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      for (int number = 0; number < kEvents; ++number) {
        // Large enough that the two files hold all of it, small enough that one does not.
        append_events(directory_, {numbered(process * kEvents + number)}, 190'000);
      }
      _exit(0);
    }
    writers.push_back(pid);
  }
  for (const pid_t pid : writers) waitpid(pid, nullptr, 0);
  std::vector<std::string> all = ids(old_event_file(directory_));
  ASSERT_FALSE(all.empty()) << "nothing was rotated";
  for (const std::string& id : ids(event_file(directory_))) all.push_back(id);
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::unique(all.begin(), all.end()), all.end());
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kProcesses * kEvents));
}

}  // namespace
}  // namespace minidock::shim
