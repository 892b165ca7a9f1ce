// The shim's loop over plain children of the test: no container needed.
#include "engine/shim/supervisor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/syscall.h"
#include "engine/shim/client.h"
#include "engine/shim/json_log.h"
#include "engine/shim/state_directory.h"

namespace minidock::shim {
namespace {

struct Child {
  Supervised supervised;
  Fd pidfd;
};

Child start(const std::string& script, bool with_input = false) {
  Pipe in = sys::pipe();
  Pipe out = sys::pipe();
  Pipe err = sys::pipe();
  process::SpawnOptions options;
  options.program = "/bin/sh";
  options.arguments = {"sh", "-c", script};
  options.fds = {{in.read.get(), 0}, {out.write.get(), 1}, {err.write.get(), 2}};
  Child child;
  child.supervised.pid = process::spawn(options);
  child.pidfd = sys::pidfd_open(child.supervised.pid);
  child.supervised.pidfd = child.pidfd.get();
  child.supervised.out = std::move(out.read);
  child.supervised.err = std::move(err.read);
  if (with_input) child.supervised.in = std::move(in.write);
  return child;
}

Child start_on_terminal(const std::string& script) {
  int master = -1;
  int slave = -1;
  if (openpty(&master, &slave, nullptr, nullptr, nullptr) != 0) throw SysError("openpty()");
  const Fd slave_owner(slave);
  Child child;
  child.supervised.terminal.reset(master);
  fcntl(master, F_SETFD, FD_CLOEXEC);
  process::SpawnOptions options;
  options.program = "/usr/bin/setsid";
  options.arguments = {"setsid", "-c", "sh", "-c", script};
  options.fds = {{slave, 0}, {slave, 1}, {slave, 2}};
  fcntl(slave, F_SETFD, FD_CLOEXEC);
  child.supervised.pid = process::spawn(options);
  child.pidfd = sys::pidfd_open(child.supervised.pid);
  child.supervised.pidfd = child.pidfd.get();
  child.supervised.take_terminal_input = true;
  return child;
}

// What an attached command sees until the shim closes.
struct Attached {
  std::string out;
  std::string err;
  std::optional<int> exit_code;
  bool output_after_exit_code = false;

  void take(const FrameReader::Piece& piece) {
    if (piece.type == FrameType::exit_code) {
      exit_code = decode_exit_code(piece.data);
    } else {
      output_after_exit_code |= exit_code.has_value();
      (piece.type == FrameType::stdout_data ? out : err) += piece.data;
    }
  }
  // Until the end of the channel, or until that much output is there.
  void read(int channel, std::size_t enough = SIZE_MAX) {
    while (out.size() < enough) {
      const FrameReader::Piece piece = reader.receive(channel, space);
      if (piece.what == FrameReader::What::end_of_file) return;
      if (piece.what == FrameReader::What::data) {
        take(piece);
      } else {
        pollfd readable{channel, POLLIN, 0};
        poll(&readable, 1, -1);
      }
    }
  }

  FrameReader reader;
  std::vector<char> space = std::vector<char>(kMaxFramePayload);
};

void send_frame(int channel, FrameType type, std::string_view payload = {}) {
  const auto header = frame_header(type, payload.size());
  sys::write_all(channel, {header.data(), header.size()});
  sys::write_all(channel, payload);
}

constexpr std::chrono::seconds kPatience{60};

class SupervisorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    signal(SIGPIPE, SIG_IGN);  // as the shim does
    ASSERT_NE(mkdtemp(directory_), nullptr);
  }
  void TearDown() override { file::remove_tree(directory_); }

  ContainerLog log() const {
    return ContainerLog(std::make_unique<JsonLog>(log_path(), FileLimits{}, std::map<std::string, std::string>{}));
  }
  std::string log_path() const { return std::string(directory_) + "/log"; }
  std::string logged(const std::string& stream) const {
    const std::string text = file::read(log_path(), 64 * 1024 * 1024);
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      const Json entry = json::parse(std::string_view(text).substr(at, end - at), "entry");
      if (entry.at("stream") == stream) result += entry.at("log").get<std::string>();
      at = end + 1;
    }
    return result;
  }

  char directory_[32] = "/tmp/minidock-sup-XXXXXX";
};

TEST_F(SupervisorTest, OutputGoesToTheLogAndTheExitCodeIsTheProgramsOwn) {
  Child child = start("echo out; echo err >&2; printf tail; exit 7");
  Supervisor supervisor(std::move(child.supervised), log());
  const Ending ending = supervisor.run();
  EXPECT_EQ(ending.exit_code, 7);
  EXPECT_GT(ending.finished_at, 0);
  EXPECT_EQ(logged("stdout"), "out\ntail");
  EXPECT_EQ(logged("stderr"), "err\n");
}

TEST_F(SupervisorTest, ASignalIs128AndItsNumber) {
  Child child = start("kill -KILL $$");
  EXPECT_EQ(Supervisor(std::move(child.supervised), ContainerLog()).run().exit_code, 137);
}

TEST_F(SupervisorTest, AClientGetsAllOutputThenTheExitCode) {
  Child child = start("echo out; echo err >&2; exit 3");
  SocketPair pair = sys::socketpair(SOCK_STREAM);
  Supervisor supervisor(std::move(child.supervised), log());
  supervisor.add_client(std::move(pair.theirs), ClientRole::starter);
  const Ending ending = supervisor.run();
  EXPECT_TRUE(supervisor.deliver_exit_code(ending.exit_code, kPatience));
  Attached attached;
  attached.read(pair.ours.get());
  EXPECT_EQ(attached.out, "out\n");
  EXPECT_EQ(attached.err, "err\n");
  EXPECT_EQ(attached.exit_code, 3);
  EXPECT_FALSE(attached.output_after_exit_code);
}

TEST_F(SupervisorTest, InputReachesTheProgramAndItsEndEndsIt) {
  Child child = start("cat; echo done", true);
  child.supervised.stdin_once = true;
  SocketPair pair = sys::socketpair(SOCK_STREAM);
  send_frame(pair.ours.get(), FrameType::stdin_data, "typed ");
  send_frame(pair.ours.get(), FrameType::stdin_data, "text\n");
  send_frame(pair.ours.get(), FrameType::stdin_end);
  Supervisor supervisor(std::move(child.supervised), log());
  supervisor.add_client(std::move(pair.theirs), ClientRole::starter);
  EXPECT_EQ(supervisor.run().exit_code, 0);
  EXPECT_EQ(logged("stdout"), "typed text\ndone\n");
}

// Far more than all buffers hold, both ways at once: nothing is lost, nothing deadlocks.
TEST_F(SupervisorTest, MuchDataFlowsBothWays) {
  constexpr std::size_t kSize = 8 * 1024 * 1024;
  Child child = start("cat", true);
  child.supervised.stdin_once = true;
  SocketPair pair = sys::socketpair(SOCK_STREAM);
  std::string sent;
  for (std::size_t i = 0; sent.size() < kSize; ++i) sent += std::to_string(i) + "\n";
  Attached attached;
  std::thread writer([&] {
    for (std::size_t at = 0; at < sent.size(); at += kMaxFramePayload) {
      send_frame(pair.ours.get(), FrameType::stdin_data, std::string_view(sent).substr(at, kMaxFramePayload));
    }
    send_frame(pair.ours.get(), FrameType::stdin_end);
  });
  std::thread reader([&] { attached.read(pair.ours.get()); });
  Supervisor supervisor(std::move(child.supervised), ContainerLog());
  supervisor.add_client(std::move(pair.theirs), ClientRole::starter);
  const Ending ending = supervisor.run();
  EXPECT_TRUE(supervisor.deliver_exit_code(ending.exit_code, kPatience));
  writer.join();
  reader.join();
  EXPECT_TRUE(attached.out == sent) << attached.out.size() << " of " << sent.size() << " bytes";
  EXPECT_EQ(attached.exit_code, 0);
}

// Output that is moved to the client without being read: one that leaves in the middle does not hold up the program.
TEST_F(SupervisorTest, AClientThatLeavesInTheMiddleOfMuchOutput) {
  Child child = start("head -c 20000000 /dev/zero; exit 5");
  SocketPair pair = sys::socketpair(SOCK_STREAM);
  Attached attached;
  std::thread reader([&] {
    attached.read(pair.ours.get(), 1'000'000);
    pair.ours.reset();
  });
  Supervisor supervisor(std::move(child.supervised), ContainerLog());
  supervisor.add_client(std::move(pair.theirs), ClientRole::starter);
  EXPECT_EQ(supervisor.run().exit_code, 5);
  reader.join();
}

TEST_F(SupervisorTest, ASecondClientJoinsInTheMiddleOfMuchOutput) {
  StateDirectory state(std::string(directory_) + "/state");
  Child child = start("seq 2000000; read x; seq 10", true);
  child.supervised.stdin_once = true;
  SocketPair pair = sys::socketpair(SOCK_STREAM);
  Supervisor supervisor(std::move(child.supervised), ContainerLog());
  supervisor.listen(state.listen());
  supervisor.add_client(std::move(pair.theirs), ClientRole::starter);
  Attached first;
  Attached second;
  std::thread readers([&] {
    first.read(pair.ours.get(), 1'000'000);
    const Fd late = connect_attach(std::string(directory_) + "/state");
    std::thread other([&] { second.read(late.get()); });
    send_frame(pair.ours.get(), FrameType::stdin_data, "go\n");
    first.read(pair.ours.get());
    other.join();
  });
  const Ending ending = supervisor.run();
  EXPECT_TRUE(supervisor.deliver_exit_code(ending.exit_code, kPatience));
  readers.join();
  std::string all;
  for (int i = 1; i <= 2'000'000; ++i) all += std::to_string(i) + "\n";
  all += "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n";
  EXPECT_TRUE(first.out == all);
  EXPECT_TRUE(all.ends_with(second.out)) << "an end of it, without a hole";
  EXPECT_TRUE(second.out.ends_with("\n10\n"));
}

TEST_F(SupervisorTest, AProgramThatDoesNotReadIsNoTrouble) {
  Child child = start("exec <&-; echo closed; sleep 0.1", true);
  SocketPair pair = sys::socketpair(SOCK_STREAM);
  send_frame(pair.ours.get(), FrameType::stdin_data, std::string(60'000, 'x'));
  Supervisor supervisor(std::move(child.supervised), log());
  supervisor.add_client(std::move(pair.theirs), ClientRole::starter);
  EXPECT_EQ(supervisor.run().exit_code, 0);
  EXPECT_EQ(logged("stdout"), "closed\n");
}

TEST_F(SupervisorTest, AClientThatSpeaksNonsenseOrDiesIsDropped) {
  Child child = start("read x; seq 100000; echo $x", true);
  child.supervised.stdin_once = true;
  SocketPair nonsense = sys::socketpair(SOCK_STREAM);
  SocketPair dead = sys::socketpair(SOCK_STREAM);
  SocketPair good = sys::socketpair(SOCK_STREAM);
  sys::write_all(nonsense.ours.get(), "GET / HTTP/1.1\r\n\r\n");
  dead.ours.reset();
  send_frame(good.ours.get(), FrameType::stdin_data, "last\n");
  Attached attached;
  std::thread reader([&] { attached.read(good.ours.get()); });
  Supervisor supervisor(std::move(child.supervised), log());
  supervisor.add_client(std::move(nonsense.theirs), ClientRole::visitor);
  supervisor.add_client(std::move(dead.theirs), ClientRole::visitor);
  supervisor.add_client(std::move(good.theirs), ClientRole::starter);
  EXPECT_EQ(supervisor.run().exit_code, 0);
  supervisor.drop_clients();
  reader.join();
  EXPECT_TRUE(attached.out.ends_with("100000\nlast\n"));
}

// The end is not held up for good, and nothing is lost for who reads on later.
TEST_F(SupervisorTest, AClientThatReadsLateStillGetsEverything) {
  Child child = start("head -c 400000 /dev/zero | tr '\\0' x; exit 4");
  // Takes all of it, so that the program comes to its end with nobody reading.
  ASSERT_GE(fcntl(child.supervised.out.get(), F_SETPIPE_SZ, 1 << 20), 400'000);
  SocketPair pair = sys::socketpair(SOCK_STREAM);
  const int small = 4096;
  setsockopt(pair.theirs.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  Supervisor supervisor(std::move(child.supervised), ContainerLog());
  supervisor.add_client(std::move(pair.theirs), ClientRole::starter);
  const Ending ending = supervisor.run();
  EXPECT_EQ(ending.exit_code, 4);
  EXPECT_FALSE(supervisor.deliver_exit_code(ending.exit_code, std::chrono::milliseconds(1)));
  Attached attached;
  std::thread late_reader([&] { attached.read(pair.ours.get()); });
  EXPECT_TRUE(supervisor.deliver_exit_code(ending.exit_code, kPatience));
  late_reader.join();
  EXPECT_EQ(attached.out, std::string(400'000, 'x'));
  EXPECT_EQ(attached.exit_code, 4);
}

TEST_F(SupervisorTest, AClientThatNeverReadsIsGivenUpAndTheLogIsWhole) {
  Child child = start("head -c 60000 /dev/zero | tr '\\0' x; echo; echo end");
  SocketPair pair = sys::socketpair(SOCK_STREAM);
  const int small = 4096;
  setsockopt(pair.theirs.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  Supervisor supervisor(std::move(child.supervised), log());
  supervisor.add_client(std::move(pair.theirs), ClientRole::starter);
  const Ending ending = supervisor.run();
  EXPECT_FALSE(supervisor.deliver_exit_code(ending.exit_code, std::chrono::milliseconds(1)));
  supervisor.drop_clients();
  EXPECT_EQ(logged("stdout"), std::string(60'000, 'x') + "\nend\n");
}

TEST_F(SupervisorTest, AProcessThatOutlivesTheMainOneDoesNotHoldUpTheEnd) {
  // Its output stays open: only the hook ends it.
  Child child = start("sleep 1000 & echo $! > " + std::string(directory_) + "/pid; echo started");
  bool called = false;
  child.supervised.kill_rest = [&] {
    called = true;
    ::kill(std::stoi(file::read(std::string(directory_) + "/pid")), SIGKILL);
  };
  Supervisor supervisor(std::move(child.supervised), log());
  supervisor.run();
  EXPECT_TRUE(called);
  EXPECT_EQ(logged("stdout"), "started\n");
}

TEST_F(SupervisorTest, LaterClientsComeThroughTheSocket) {
  StateDirectory state(std::string(directory_) + "/state");
  Child child = start("read x; echo got $x", true);
  child.supervised.stdin_once = true;
  Supervisor supervisor(std::move(child.supervised), ContainerLog());
  supervisor.listen(state.listen());
  struct stat status {};
  ASSERT_EQ(::stat((std::string(directory_) + "/state/attach.sock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  Fd channel = connect_attach(std::string(directory_) + "/state");
  send_frame(channel.get(), FrameType::stdin_data, "visit\n");
  const Ending ending = supervisor.run();
  EXPECT_TRUE(supervisor.deliver_exit_code(ending.exit_code, kPatience));
  Attached attached;
  attached.read(channel.get());
  EXPECT_EQ(attached.out, "got visit\n");
  EXPECT_EQ(attached.exit_code, 0);
  state.remove_socket();
  EXPECT_THROW(connect_attach(std::string(directory_) + "/state"), Error);
}

TEST_F(SupervisorTest, AVisitorThatOnlyLookedDoesNotEndTheInput) {
  Child child = start("read x; echo got $x", true);
  child.supervised.stdin_once = true;
  SocketPair visitor = sys::socketpair(SOCK_STREAM);
  SocketPair starter = sys::socketpair(SOCK_STREAM);
  visitor.ours.reset();
  Supervisor supervisor(std::move(child.supervised), log());
  supervisor.add_client(std::move(visitor.theirs), ClientRole::visitor);
  supervisor.add_client(std::move(starter.theirs), ClientRole::starter);
  send_frame(starter.ours.get(), FrameType::stdin_data, "later\n");
  supervisor.run();
  EXPECT_EQ(logged("stdout"), "got later\n");
}

TEST_F(SupervisorTest, ATerminalHasSizeInputAndOneStream) {
  Child child = start_on_terminal("stty -echo; echo ready; read x; stty size; echo got $x; echo err >&2");
  SocketPair pair = sys::socketpair(SOCK_STREAM);
  send_frame(pair.ours.get(), FrameType::resize, encode_window_size(33, 111));
  send_frame(pair.ours.get(), FrameType::stdin_data, "word\n");
  Supervisor supervisor(std::move(child.supervised), log());
  supervisor.add_client(std::move(pair.theirs), ClientRole::starter);
  EXPECT_EQ(supervisor.run().exit_code, 0);
  const std::string output = logged("stdout");
  EXPECT_NE(output.find("ready\r\n"), std::string::npos) << output;
  EXPECT_TRUE(output.ends_with("33 111\r\ngot word\r\nerr\r\n")) << output;
}

TEST_F(SupervisorTest, ATerminalThatNobodyHoldsOpenForAWhileIsNotAtItsEnd) {
  Child child = start_on_terminal("exec 3>&1 </dev/null >/dev/null 2>&1; exec 3>&-; sleep 0.2; echo again > /dev/tty");
  Supervisor supervisor(std::move(child.supervised), log());
  EXPECT_EQ(supervisor.run().exit_code, 0);
  EXPECT_EQ(logged("stdout"), "again\r\n");
}

}  // namespace
}  // namespace minidock::shim
