// Against a journal that the test plays, at its real place in a mount namespace of the test's own.
#include "engine/shim/journald_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/syscall.h"
#include "engine/shim/container_log.h"

namespace minidock::shim {
namespace {

using testing::HasSubstr;
using testing::Not;

class Journald : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(unshare(CLONE_NEWNS), 0) << "these tests need root";
    ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    ASSERT_EQ(mount("tmpfs", "/run", "tmpfs", 0, nullptr), 0);
  }
  void TearDown() override { umount2("/run", MNT_DETACH); }

  void start_journal() {
    file::make_directories("/run/systemd/journal", 0755);
    journal_.reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{AF_UNIX, {}};
    std::string(kJournalSocket).copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(bind(journal_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  void stop_journal() {
    journal_.reset();
    unlink(kJournalSocket);
  }
  // The next entry, out of its memory file when it came in one.
  std::string receive() const {
    std::string data(1 << 20, '\0');
    iovec part{data.data(), data.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t got = recvmsg(journal_.get(), &message, MSG_DONTWAIT);
    if (got < 0) return "(nothing)";
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr) return data.substr(0, static_cast<std::size_t>(got));
    int fd = -1;
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
    const Fd memory(fd);
    by_memory_ = true;
    data.resize(sys::pread(fd, data.data(), data.size(), 0));
    return data;
  }
  static ContainerLog open() {
    return ContainerLog(std::make_unique<JournaldLog>(
        std::map<std::string, std::string>{{"CONTAINER_NAME", "web"}, {"TWO_LINES", "a\nb"}}));
  }

  Fd journal_;
  mutable bool by_memory_ = false;
};

TEST_F(Journald, AnEntryHasDockersFields) {
  start_journal();
  ContainerLog log = open();
  log.write(LogStream::out, "hello\n");
  log.write(LogStream::err, "bad\n");
  EXPECT_EQ(receive(),
            std::string("CONTAINER_NAME=web\nTWO_LINES\n\x03\0\0\0\0\0\0\0a\nb\nPRIORITY=6\nMESSAGE=hello\n", 66));
  const std::string error = receive();
  EXPECT_THAT(error, HasSubstr("\nPRIORITY=3\n"));
  EXPECT_THAT(error, HasSubstr("\nMESSAGE=bad\n"));
  EXPECT_THAT(error, Not(HasSubstr("PARTIAL")));
}

TEST_F(Journald, ALineThatIsCutSaysSo) {
  start_journal();
  ContainerLog log = open();
  log.write(LogStream::out, std::string(kMaxLogLine, 'x') + "end\nnext\n");
  const std::string first = receive();
  const std::string second = receive();
  const std::size_t id = first.find("CONTAINER_PARTIAL_ID=");
  ASSERT_NE(id, std::string::npos);
  EXPECT_THAT(second, HasSubstr(first.substr(id, first.find('\n', id) - id)));
  EXPECT_THAT(first,
              HasSubstr("CONTAINER_PARTIAL_ORDINAL=1\nCONTAINER_PARTIAL_LAST=false\nCONTAINER_PARTIAL_MESSAGE=true\n"));
  EXPECT_THAT(second, HasSubstr("CONTAINER_PARTIAL_ORDINAL=2\nCONTAINER_PARTIAL_LAST=true\nMESSAGE=end\n"));
  EXPECT_THAT(receive(), Not(HasSubstr("PARTIAL")));
}

TEST_F(Journald, WhatNoDatagramHoldsComesInMemory) {
  start_journal();
  JournaldLog log({{"LONG", std::string(500'000, 'x')}});
  log.append(LogStream::out, "hello\n", 0);
  EXPECT_THAT(receive(), testing::EndsWith("\nMESSAGE=hello\n"));
  EXPECT_TRUE(by_memory_);
}

TEST_F(Journald, AJournalThatIsRestartedIsFoundAgain) {
  start_journal();
  ContainerLog log = open();
  stop_journal();
  log.write(LogStream::out, "lost\n");
  start_journal();
  log.write(LogStream::out, "kept\n");
  EXPECT_THAT(receive(), HasSubstr("MESSAGE=kept\n"));
}

TEST_F(Journald, WithoutAJournalItCannotBeOpened) {
  try {
    open();
    ADD_FAILURE() << "was opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "failed to initialize logging driver: journald is not enabled on this host");
  }
}

}  // namespace
}  // namespace minidock::shim
