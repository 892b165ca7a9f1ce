#include "engine/shim/netns_link.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/file.h"
#include "base/syscall.h"

namespace minidock::shim {
namespace {

class NetnsLinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(mkdtemp(directory_), nullptr);
    path_ = std::string(directory_) + "/netns/web";
    other_ = fork();
    if (other_ == 0) {
      unshare(CLONE_NEWNET);
      sys::write_all(ready_.write.get(), "x");
      pause();
      _exit(0);
    }
    char byte = 0;
    sys::read(ready_.read.get(), &byte, 1);
  }
  void TearDown() override {
    end_other();
    file::remove_tree(directory_);
  }
  void end_other() {
    if (other_ <= 0) return;
    kill(other_, SIGKILL);
    waitpid(other_, nullptr, 0);
    other_ = 0;
  }
  std::string target() const { return sys::readlinkat(AT_FDCWD, path_); }
  static std::string netns_of(pid_t pid) { return "/proc/" + std::to_string(pid) + "/ns/net"; }

  char directory_[32] = "/tmp/minidock-net-XXXXXX";
  std::string path_;
  Pipe ready_ = sys::pipe();
  pid_t other_ = 0;  // in a network namespace of its own
};

TEST_F(NetnsLinkTest, NamesTheNamespaceAndGoesWithItsOwner) {
  {
    const OwnedLink link = make_netns_link(path_, other_);
    EXPECT_EQ(target(), netns_of(other_));
    struct stat status {};
    ASSERT_EQ(::stat((std::string(directory_) + "/netns").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0755U);
  }
  EXPECT_FALSE(file::exists(path_));
}

TEST_F(NetnsLinkTest, AStaleLinkIsReplaced) {
  file::make_directories(std::string(directory_) + "/netns", 0755);
  // Of a dead process; of one of the host, which has got a dead container's number.
  for (const pid_t stale : {4194303, getpid()}) {
    sys::symlinkat(netns_of(stale), AT_FDCWD, path_);
    const OwnedLink link = make_netns_link(path_, other_);
    EXPECT_EQ(target(), netns_of(other_)) << stale;
  }
}

TEST_F(NetnsLinkTest, WhatBelongsToOthersStays) {
  file::make_directories(std::string(directory_) + "/netns", 0755);
  sys::symlinkat(netns_of(other_), AT_FDCWD, path_);  // a running container
  { const OwnedLink link = make_netns_link(path_, getpid()); }
  EXPECT_EQ(target(), netns_of(other_));

  sys::unlinkat(AT_FDCWD, path_, 0);
  file::write(path_, "ip netns add", 0644);
  { const OwnedLink link = make_netns_link(path_, other_); }
  EXPECT_EQ(file::read(path_), "ip netns add");
}

TEST_F(NetnsLinkTest, ALinkThatWasReplacedMeanwhileIsNotRemoved) {
  {
    const OwnedLink link = make_netns_link(path_, other_);
    sys::unlinkat(AT_FDCWD, path_, 0);
    sys::symlinkat("/elsewhere", AT_FDCWD, path_);
  }
  EXPECT_EQ(target(), "/elsewhere");
}

TEST_F(NetnsLinkTest, NoPathIsNoLink) { const OwnedLink link = make_netns_link("", getpid()); }

}  // namespace
}  // namespace minidock::shim
