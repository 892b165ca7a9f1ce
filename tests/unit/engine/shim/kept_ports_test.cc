// The real socket between two sides in one process.
#include "engine/shim/kept_ports.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <thread>

#include "base/error.h"
#include "base/syscall.h"
#include "engine/shim/kept_ports_protocol.h"
#include "tests/unit/storage/scratch.h"

namespace minidock::shim {
namespace {

using testing::HasSubstr;

// A socket on a port of 127.0.0.1 that the kernel chooses.
struct Taken {
  explicit Taken(int type = SOCK_STREAM) : fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port = {type == SOCK_STREAM ? "tcp" : "udp", "127.0.0.1", ntohs(address.sin_port)};
  }
  bool is_held_elsewhere() const {
    const Fd other(::socket(AF_INET, (port.protocol == "tcp" ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port.port));
    return ::bind(other.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0;
  }
  Fd fd;
  KeptPort port;
};

class KeptPortsTest : public testing::Test {
 protected:
  void SetUp() override { kept_.listen(directory_); }
  // The shim's loop, while a command asks it.
  template <typename Command>
  void serve_during(const Command& command) {
    std::atomic<bool> done = false;
    std::thread shim([&] {
      while (!done) {
        pollfd entry{kept_.fd(), POLLIN, 0};
        if (::poll(&entry, 1, 10) > 0) kept_.serve();
      }
    });
    command();
    done = true;
    shim.join();
  }
  std::string failure_of(const std::function<void()>& command) {
    try {
      command();
      return "";
    } catch (const Error& error) {
      return error.message();
    }
  }
  static std::vector<Fd> one(Fd socket) {
    std::vector<Fd> sockets;
    sockets.push_back(std::move(socket));
    return sockets;
  }

  Scratch scratch_;
  const std::string directory_ = scratch_.path();
  KeptPorts kept_;
};

TEST_F(KeptPortsTest, TakesSocketsAndLetsGoOfThem) {
  Taken first;
  Taken second(SOCK_DGRAM);
  serve_during([&] {
    keep_ports(directory_, one(std::move(first.fd)));
    keep_ports(directory_, one(std::move(second.fd)));
    EXPECT_TRUE(first.is_held_elsewhere());
    EXPECT_TRUE(second.is_held_elsewhere());
    keep_only(directory_, {second.port});
    EXPECT_FALSE(first.is_held_elsewhere());
    EXPECT_TRUE(second.is_held_elsewhere());
    keep_only(directory_, {});
    EXPECT_FALSE(second.is_held_elsewhere());
  });
}

TEST_F(KeptPortsTest, ManyAtOnce) {
  std::vector<Taken> taken(100);
  std::vector<Fd> sockets;
  std::vector<KeptPort> ports;
  for (Taken& one_of_them : taken) {
    sockets.push_back(std::move(one_of_them.fd));
    ports.push_back(one_of_them.port);
  }
  const auto held = [&] {
    return std::count_if(taken.begin(), taken.end(), [](const Taken& port) { return port.is_held_elsewhere(); });
  };
  serve_during([&] {
    keep_ports(directory_, sockets);
    sockets.clear();
    keep_only(directory_, ports);
    EXPECT_EQ(held(), 100);
  });
  kept_.release();
  EXPECT_EQ(held(), 0);
}

TEST_F(KeptPortsTest, WhatIsNoPortStays) {
  Pipe pipe = sys::pipe();
  kept_.keep(one(std::move(pipe.write)));
  serve_during([&] { keep_only(directory_, {}); });
  pollfd entry{pipe.read.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&entry, 1, 0), 0) << "the lock would be free";
  kept_.release();
  EXPECT_EQ(::poll(&entry, 1, 0), 1);
}

TEST_F(KeptPortsTest, AShimThatIsGoneIsTold) {
  kept_.release();
  EXPECT_THAT(failure_of([&] { keep_only(directory_, {}); }), HasSubstr("its shim is gone"));
  EXPECT_THAT(failure_of([&] { keep_only(directory_ + "/none", {}); }), HasSubstr("its shim is gone"));
}

TEST_F(KeptPortsTest, GoneWhileItIsAsked) {
  Taken taken;
  std::thread shim([&] {
    pollfd entry{kept_.fd(), POLLIN, 0};
    ::poll(&entry, 1, -1);
    kept_.release();
  });
  EXPECT_THAT(failure_of([&] { keep_ports(directory_, one(std::move(taken.fd))); }), HasSubstr("its shim is gone"));
  shim.join();
  EXPECT_FALSE(taken.is_held_elsewhere());
}

TEST_F(KeptPortsTest, TheSocketIsRootsAlone) {
  struct stat found {};
  ASSERT_EQ(::stat((directory_ + "/" + kPortsSocket).c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0600U);
  // Somebody who got hold of it all the same.
  const Fd client(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const Fd directory = sys::open(directory_, O_RDONLY | O_DIRECTORY);
  const sockaddr_un address = ports_socket_address(directory.get());
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  Taken taken;
  kept_.keep(one(std::move(taken.fd)));
  Pipe answer = sys::pipe();
  const Fd list = sys::open("/dev/null", O_RDONLY);
  const pid_t child = fork();
  if (child == 0) {
    if (setresuid(65534, 65534, 65534) != 0) _exit(1);
    const char request = static_cast<char>(PortRequest::keep_only);
    const std::array<int, 2> descriptors{list.get(), answer.write.get()};
    sys::send_message(client.get(), {&request, 1}, descriptors);
    _exit(0);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  answer.write.reset();
  kept_.serve();
  char byte = 0;
  EXPECT_EQ(::read(answer.read.get(), &byte, 1), 0);
  EXPECT_TRUE(taken.is_held_elsewhere());
}

TEST_F(KeptPortsTest, NonsenseIsNotListenedTo) {
  const Fd client(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const Fd directory = sys::open(directory_, O_RDONLY | O_DIRECTORY);
  const sockaddr_un address = ports_socket_address(directory.get());
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  for (const std::string& data : {std::string("x"), std::string("keep"), std::string()}) {
    const Pipe pipe = sys::pipe();
    const int descriptor = pipe.write.get();
    sys::send_message(client.get(), data, std::span(&descriptor, 1));
    sys::send_message(client.get(), data);
  }
  kept_.serve();
  Taken taken;
  serve_during([&] { keep_ports(directory_, one(std::move(taken.fd))); });
  EXPECT_TRUE(taken.is_held_elsewhere());
}

TEST_F(KeptPortsTest, WithoutRoomForMoreItSaysSo) {
  Taken taken;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{64, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  std::vector<Fd> sockets = one(std::move(taken.fd));
  std::thread shim([&] {
    // A table of descriptors of its own, which is filled.
    ASSERT_EQ(::unshare(CLONE_FILES), 0);
    pollfd entry{kept_.fd(), POLLIN, 0};
    ::poll(&entry, 1, -1);
    std::vector<int> fillers;
    for (int filler = 0; (filler = ::dup(kept_.fd())) >= 0;) fillers.push_back(filler);
    kept_.serve();
    for (const int filler : fillers) ::close(filler);
  });
  EXPECT_THAT(failure_of([&] { keep_ports(directory_, sockets); }), HasSubstr("cannot keep more ports"));
  shim.join();
  setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace minidock::shim
