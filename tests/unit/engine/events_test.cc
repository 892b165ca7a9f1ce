// Reading and filtering of events.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <cstdio>
#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "engine/event_filter.h"
#include "engine/event_reader.h"

namespace minidock {
namespace {

using shim::Event;
using testing::ElementsAre;
using testing::IsEmpty;

class EventReading : public testing::Test {
 protected:
  EventReading() {
    char pattern[] = "/tmp/event-reader-XXXXXX";
    directory_ = mkdtemp(pattern);
  }
  ~EventReading() override { file::remove_tree(directory_); }

  void write(const std::string& id, std::size_t max_file = shim::kMaxEventFile) {
    shim::append_events(directory_, {{"container", "start", id, {}, 0}}, max_file);
  }
  static std::vector<std::string> read(EventReader& reader) {
    std::vector<std::string> ids;
    while (const std::optional<Event> event = reader.next()) ids.push_back(event->id);
    return ids;
  }
  static bool is_notified(const EventReader& reader) {
    pollfd entry{reader.notifier(), POLLIN, 0};
    return ::poll(&entry, 1, 0) == 1;
  }
  std::string directory_;
};

TEST_F(EventReading, OldestFirstThroughBothFiles) {
  write("a", 1);  // rotated
  write("b");
  EventReader reader(directory_, EventReader::From::oldest);
  EXPECT_THAT(read(reader), ElementsAre("a", "b"));
  write("c");
  EXPECT_TRUE(is_notified(reader));
  reader.take_notice();
  EXPECT_THAT(read(reader), ElementsAre("c"));
}

TEST_F(EventReading, FromNowOnOnlyWhatIsNew) {
  write("a");
  EventReader reader(directory_, EventReader::From::now);
  EXPECT_THAT(read(reader), IsEmpty());
  write("b");
  EXPECT_THAT(read(reader), ElementsAre("b"));
}

TEST_F(EventReading, BeginsBeforeThereIsAFile) {
  EventReader reader(directory_, EventReader::From::now);
  EXPECT_THAT(read(reader), IsEmpty());
  write("a");
  EXPECT_TRUE(is_notified(reader));
  EXPECT_THAT(read(reader), ElementsAre("a"));
}

TEST_F(EventReading, FollowsARotation) {
  write("a");
  EventReader reader(directory_, EventReader::From::oldest);
  EXPECT_THAT(read(reader), ElementsAre("a"));
  write("b", 1);  // the last of the file that is being read
  write("c");
  EXPECT_THAT(read(reader), ElementsAre("b", "c"));
}

TEST_F(EventReading, FollowsTwoRotationsAtOnce) {
  write("a");
  EventReader reader(directory_, EventReader::From::oldest);
  EXPECT_THAT(read(reader), ElementsAre("a"));
  write("b", 1);
  write("c", 1);
  write("d");
  // The file with "b" was still open; the one with "c" is the old one now.
  EXPECT_THAT(read(reader), ElementsAre("b", "c", "d"));
}

TEST_F(EventReading, ATornLineIsSkipped) {
  write("a");
  FILE* file = fopen(shim::event_file(directory_).c_str(), "a");
  fputs("{\"Type\":\"cont\n", file);
  fclose(file);
  write("b");
  EventReader reader(directory_, EventReader::From::oldest);
  EXPECT_THAT(read(reader), ElementsAre("a", "b"));
}

TEST_F(EventReading, TheDirectorysEndIsAnError) {
  EventReader reader(directory_, EventReader::From::now);
  file::remove_tree(directory_);
  EXPECT_THROW(reader.take_notice(), Error);
}

const Event kStart{"container", "start", "c0ffee", {{"image", "busybox:1"}, {"name", "web"}, {"tier", "front"}}, 1};
const Event kExec{"container", "exec_create: sh -c true", "c0ffee", {{"image", "busybox"}, {"name", "web"}}, 1};
const Event kConnect{"network", "connect", "beef", {{"container", "c0ffee"}, {"name", "bridge"}}, 1};
const Event kPull{"image", "pull", "busybox:latest", {{"name", "busybox"}}, 1};

bool matches(const std::vector<std::string>& filters, const Event& event) {
  return EventFilter(filters).matches(event);
}

TEST(EventFiltering, NoFilterTakesAll) { EXPECT_TRUE(matches({}, kConnect)); }

TEST(EventFiltering, ByTypeEventAndScope) {
  EXPECT_TRUE(matches({"type=container"}, kStart));
  EXPECT_FALSE(matches({"type=container"}, kConnect));
  EXPECT_TRUE(matches({"type=container", "type=network"}, kConnect));
  EXPECT_TRUE(matches({"event=start"}, kStart));
  EXPECT_FALSE(matches({"event=start"}, kExec));
  EXPECT_TRUE(matches({"event=exec_create"}, kExec));
  EXPECT_FALSE(matches({"event=exec"}, kExec));
  EXPECT_TRUE(matches({"scope=local"}, kStart));
  EXPECT_FALSE(matches({"scope=swarm"}, kStart));
}

TEST(EventFiltering, ByContainerNetworkAndImage) {
  EXPECT_TRUE(matches({"container=web"}, kStart));
  EXPECT_TRUE(matches({"container=c0f"}, kStart));
  EXPECT_FALSE(matches({"container=db"}, kStart));
  EXPECT_FALSE(matches({"container=c0ffee"}, kConnect));
  EXPECT_TRUE(matches({"network=bridge"}, kConnect));
  EXPECT_FALSE(matches({"network=bridge"}, kStart));
  EXPECT_TRUE(matches({"image=busybox"}, kStart));
  EXPECT_TRUE(matches({"image=busybox:1"}, kStart));
  EXPECT_FALSE(matches({"image=busybox:2"}, kStart));
  EXPECT_TRUE(matches({"image=busybox"}, kPull));
}

TEST(EventFiltering, ByLabelAllMustBeThere) {
  EXPECT_TRUE(matches({"label=tier"}, kStart));
  EXPECT_TRUE(matches({"label=tier=front"}, kStart));
  EXPECT_FALSE(matches({"label=tier=back"}, kStart));
  EXPECT_FALSE(matches({"label=tier", "label=other"}, kStart));
}

TEST(EventFiltering, WrongOnesAreRefused) {
  EXPECT_THROW(EventFilter({"event"}), Error);
  EXPECT_THROW(EventFilter({"colour=red"}), Error);
}

}  // namespace
}  // namespace minidock
