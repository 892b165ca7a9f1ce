#include "engine/shim/firewall_watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/file.h>

#include <cstdlib>

#include "base/file.h"
#include "base/syscall.h"
#include "tests/unit/storage/scratch.h"

namespace minidock::shim {
namespace {

bool is_readable(int fd) {
  pollfd wait{fd, POLLIN, 0};
  return ::poll(&wait, 1, 0) == 1;
}

// A network namespace of its own, with the two tables that are watched.
class FirewallWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    home_ = sys::open("/proc/thread-self/ns/net", O_RDONLY);
    sys::unshare(CLONE_NEWNET);
    nft("add table inet ours; add table bridge ours; add set inet ours s { type inet_service; }");
  }
  void TearDown() override { sys::setns(home_.get(), CLONE_NEWNET); }

  static void nft(const std::string& commands) {
    EXPECT_EQ(std::system(("nft '" + commands + "'").c_str()), 0) << commands;
  }
  // The command of a watch writes a line.
  FirewallWatch watch() {
    return FirewallWatch("ours", scratch_.path(), {"/bin/sh", "-c", "echo restored >> " + scratch_.path() + "/told"});
  }
  // Waits for the command; "" when none was started.
  std::string told(FirewallWatch& watch) {
    if (watch.command_fd() >= 0) {
      pollfd wait{watch.command_fd(), POLLIN, 0};
      EXPECT_EQ(::poll(&wait, 1, 30'000), 1);
      watch.on_command_end();
      EXPECT_EQ(watch.command_fd(), -1);
    }
    return file::read_if_exists(scratch_.path() + "/told").value_or("");
  }

  Fd home_;
  const Scratch scratch_;
};

TEST_F(FirewallWatchTest, IsNotWokenByWhatHappensAllTheTime) {
  FirewallWatch watched = watch();
  ASSERT_GE(watched.news_fd(), 0);
  nft("add element inet ours s { 80, 81 }");
  nft("delete element inet ours s { 80 }");
  nft("add chain inet ours c");
  nft("add rule inet ours c tcp dport 80 accept");
  EXPECT_FALSE(is_readable(watched.news_fd()));
  nft("flush chain inet ours c");
  EXPECT_TRUE(is_readable(watched.news_fd()));
}

TEST_F(FirewallWatchTest, HasTheTablesRestoredWhenTheyAreGone) {
  for (const char* damage : {"flush ruleset", "delete table inet ours", "delete table bridge ours",
                             "add table inet other; delete table inet other; delete table inet ours"}) {
    sys::unlinkat_if_present(AT_FDCWD, scratch_.path() + "/told", 0);
    FirewallWatch watched = watch();
    nft(damage);
    ASSERT_TRUE(is_readable(watched.news_fd())) << damage;
    watched.on_news();
    EXPECT_FALSE(is_readable(watched.news_fd())) << damage;
    EXPECT_EQ(told(watched), "restored\n") << damage;
    nft("add table inet ours; add table bridge ours");
  }
}

TEST_F(FirewallWatchTest, LeavesARebuildAndOthersTablesAlone) {
  FirewallWatch watched = watch();
  nft("add table inet other");
  nft("delete table inet other");
  nft("delete table inet ours; add table inet ours");
  ASSERT_TRUE(is_readable(watched.news_fd()));
  watched.on_news();
  EXPECT_EQ(told(watched), "");
}

TEST_F(FirewallWatchTest, SeesWhatWasGoneBefore) {
  nft("flush ruleset");
  FirewallWatch watched = watch();
  EXPECT_FALSE(is_readable(watched.news_fd()));
  watched.look();
  EXPECT_EQ(told(watched), "restored\n");
}

TEST_F(FirewallWatchTest, LeavesItToWhoHasTheLock) {
  nft("flush ruleset");
  Fd lock = try_lock_firewall(scratch_.path());
  ASSERT_TRUE(lock);
  FirewallWatch watched = watch();
  watched.look();
  EXPECT_EQ(told(watched), "");
  lock.reset();
  watched.look();
  EXPECT_EQ(told(watched), "restored\n");
}

TEST_F(FirewallWatchTest, TheCommandHasTheLockUntilItEnds) {
  nft("flush ruleset");
  FirewallWatch watched("ours", scratch_.path(), {"/bin/sh", "-c", "read line < " + scratch_.path() + "/fifo"});
  ASSERT_EQ(::mkfifo((scratch_.path() + "/fifo").c_str(), 0600), 0);
  watched.look();
  EXPECT_FALSE(try_lock_firewall(scratch_.path()));
  file::write_existing(scratch_.path() + "/fifo", "\n");
  told(watched);
  EXPECT_TRUE(try_lock_firewall(scratch_.path()));
}

}  // namespace
}  // namespace minidock::shim
