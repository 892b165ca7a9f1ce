// Both relays with real pipes, terminals and children. A relay works on descriptors 0, 1 and 2 of its process, so each
// runs in a child of the test that stands for the user's command.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <vector>

#include "base/process.h"
#include "base/syscall.h"
#include "engine/shim/protocol.h"
#include "engine/streams/client_streams.h"

namespace minidock::streams {
namespace {

using shim::FrameReader;
using shim::FrameType;

// Ends of a Result as exit codes of the command.
constexpr int kDetached = 200;
constexpr int kLost = 201;

int code_of(const Result& result) {
  return result.ending == Ending::exited ? result.exit_code : result.ending == Ending::detached ? kDetached : kLost;
}

// A command of the user with the given standard streams and, of the test's descriptors, only `kept`; `body`'s result is
// its exit code.
pid_t command(int in, int out, int err, const std::function<int()>& body, const std::vector<int>& kept = {}) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  dup2(in, 0);
  dup2(out, 1);
  dup2(err, 2);
  for (int fd = 3; fd < 256; ++fd) {
    if (std::find(kept.begin(), kept.end(), fd) == kept.end()) close(fd);
  }
  int code = 255;
  try {
    code = body();
  } catch (const Error& error) {
    dprintf(2, "%s\n", error.what());
  }
  _exit(code);
}

std::string read_all(int fd) {
  std::string result;
  std::array<char, 65536> space{};
  for (;;) {
    const ssize_t got = ::read(fd, space.data(), space.size());
    if (got <= 0) return result;
    result.append(space.data(), static_cast<std::size_t>(got));
  }
}

// Reads until `text` has come.
std::string read_until(int fd, const std::string& text) {
  std::string result;
  char byte = 0;
  while (result.find(text) == std::string::npos && ::read(fd, &byte, 1) == 1) result += byte;
  return result;
}

int wait_for(pid_t pid) { return process::exit_code(sys::waitpid(pid)); }

// A program with pipes, and the relay to it; returns the program's exit code as `exec` does.
int relay_to_program(const std::string& script, const ClientOptions& options) {
  Pipe in = sys::pipe();
  Pipe out = sys::pipe();
  Pipe err = sys::pipe();
  process::SpawnOptions spawn;
  spawn.program = "/bin/sh";
  spawn.arguments = {"sh", "-c", script};
  spawn.fds = {{in.read.get(), 0}, {out.write.get(), 1}, {err.write.get(), 2}};
  const pid_t pid = process::spawn(spawn);
  const Fd pidfd = sys::pidfd_open(pid);
  ChildStreams streams;
  streams.in = std::move(in.write);
  streams.out = std::move(out.read);
  streams.err = std::move(err.read);
  in.read.reset();
  out.write.reset();
  err.write.reset();
  const Result result = relay_child(std::move(streams), pidfd.get(), options);
  if (result.ending != Ending::exited) return code_of(result);
  return process::exit_code(sys::waitpid(pid));
}

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

Outcome run_program(const std::string& script, const std::string& input, const ClientOptions& options) {
  Pipe in = sys::pipe();
  Pipe out = sys::pipe();
  Pipe err = sys::pipe();
  const pid_t pid =
      command(in.read.get(), out.write.get(), err.write.get(), [&] { return relay_to_program(script, options); });
  in.read.reset();
  out.write.reset();
  err.write.reset();
  sys::write_all(in.write.get(), input);
  in.write.reset();
  Outcome outcome;
  outcome.out = read_all(out.read.get());
  outcome.err = read_all(err.read.get());
  outcome.code = wait_for(pid);
  return outcome;
}

ClientOptions with_input() {
  ClientOptions options;
  options.forward_stdin = true;
  return options;
}

TEST(RelayChild, JoinsAllThreeStreams) {
  const Outcome outcome = run_program("read x; echo out $x; echo err >&2; exit 5", "word\n", with_input());
  EXPECT_EQ(outcome.out, "out word\n");
  EXPECT_EQ(outcome.err, "err\n");
  EXPECT_EQ(outcome.code, 5);
}

TEST(RelayChild, EndOfInputIsPassedOn) {
  EXPECT_EQ(run_program("cat; echo end", "text", with_input()).out, "textend\n");
}

TEST(RelayChild, WithoutMinusIInputIsEmpty) {
  EXPECT_EQ(run_program("cat; echo end", "text", ClientOptions()).out, "end\n");
}

TEST(RelayChild, LastOutputIsNotLostAndAProcessLeftBehindIsNotWaitedFor) {
  const Outcome outcome = run_program("seq 20000; sleep 1000 <&- 2>&- & echo $!", "", ClientOptions());
  const std::size_t last = outcome.out.rfind('\n', outcome.out.size() - 2);
  EXPECT_TRUE(outcome.out.substr(0, last + 1).ends_with("19999\n20000\n"));
  ::kill(std::stoi(outcome.out.substr(last + 1)), SIGKILL);
}

TEST(RelayChild, UnwantedOutputIsDropped) {
  ClientOptions options;
  options.forward_stdout = false;
  const Outcome outcome = run_program("seq 100000; echo err >&2; exit 2", "", options);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "err\n");
  EXPECT_EQ(outcome.code, 2);
}

TEST(RelayChild, AClosedOutputDoesNotStopTheProgram) {
  Pipe out = sys::pipe();
  Pipe err = sys::pipe();
  const pid_t pid = command(0, out.write.get(), err.write.get(),
                            [&] { return relay_to_program("seq 200000; echo finished >&2; exit 6", ClientOptions()); });
  out.write.reset();
  err.write.reset();
  EXPECT_EQ(read_until(out.read.get(), "3\n"), "1\n2\n3\n");
  out.read.reset();  // as `| head -3`
  EXPECT_EQ(read_all(err.read.get()), "finished\n");
  EXPECT_EQ(wait_for(pid), 6);
}

TEST(RelayChild, SignalsGoToTheProgram) {
  Pipe out = sys::pipe();
  const pid_t pid = command(0, out.write.get(), 2, [&] {
    return relay_to_program("trap 'echo got usr1; exit 9' USR1; echo ready; while :; do sleep 0.01; done",
                            ClientOptions());
  });
  out.write.reset();
  EXPECT_EQ(read_until(out.read.get(), "ready\n"), "ready\n");
  kill(pid, SIGUSR1);
  EXPECT_EQ(read_all(out.read.get()), "got usr1\n");
  EXPECT_EQ(wait_for(pid), 9);
}

TEST(RelayChild, NeverMakesTheUsersDescriptorsNonBlocking) {
  Pipe in = sys::pipe();
  Pipe out = sys::pipe();
  const pid_t pid =
      command(in.read.get(), out.write.get(), 2, [&] { return relay_to_program("echo ready; cat", with_input()); });
  EXPECT_EQ(read_until(out.read.get(), "ready\n"), "ready\n");
  EXPECT_EQ(fcntl(in.read.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(fcntl(out.write.get(), F_GETFL) & O_NONBLOCK, 0);
  in.write.reset();
  EXPECT_EQ(wait_for(pid), 0);
}

// ---- terminal

struct Terminal {
  Fd master;
  Fd slave;
  Terminal() {
    int m = -1;
    int s = -1;
    const winsize size{40, 123, 0, 0};
    if (openpty(&m, &s, nullptr, nullptr, &size) != 0) throw SysError("openpty()");
    master.reset(m);
    slave.reset(s);
  }
  tcflag_t local_flags() const {
    termios current{};
    tcgetattr(slave.get(), &current);
    return current.c_lflag;
  }
};

// The other end of an attach channel, as a shim that the test plays.
struct FakeShim {
  SocketPair pair = sys::socketpair(SOCK_STREAM);
  FrameReader reader;
  std::array<char, shim::kMaxFramePayload> space{};

  void send(FrameType type, std::string_view payload = {}) {
    const auto header = shim::frame_header(type, payload.size());
    sys::write_all(pair.ours.get(), {header.data(), header.size()});
    sys::write_all(pair.ours.get(), payload);
  }
  FrameReader::Piece next() {
    for (;;) {
      const FrameReader::Piece piece = reader.receive(pair.ours.get(), space);
      if (piece.what != FrameReader::What::nothing_yet) return piece;
      pollfd readable{pair.ours.get(), POLLIN, 0};
      poll(&readable, 1, -1);
    }
  }
  // Input up to a frame of another kind, or until `enough` bytes are there.
  std::string input(std::size_t enough) {
    std::string result;
    while (result.size() < enough) {
      const FrameReader::Piece piece = next();
      if (piece.what != FrameReader::What::data || piece.type != FrameType::stdin_data) break;
      result += piece.data;
    }
    return result;
  }
  pid_t attach(int in, int out, int err, const ClientOptions& options, int pidfd = -1) {
    const pid_t pid = command(in, out, err, [&] { return code_of(relay_shim(std::move(pair.theirs), options, pidfd)); },
                              {pair.theirs.get(), pidfd});
    pair.theirs.reset();
    return pid;
  }
};

ClientOptions on_terminal() {
  ClientOptions options;
  options.forward_stdin = true;
  options.terminal = true;
  return options;
}

TEST(RelayShim, CarriesInputOutputAndExitCode) {
  FakeShim fake;
  Pipe in = sys::pipe();
  Pipe out = sys::pipe();
  Pipe err = sys::pipe();
  const pid_t pid = fake.attach(in.read.get(), out.write.get(), err.write.get(), with_input());
  out.write.reset();
  err.write.reset();
  sys::write_all(in.write.get(), "typed");
  EXPECT_EQ(fake.input(5), "typed");
  in.write.reset();
  in.read.reset();
  EXPECT_EQ(fake.next().type, FrameType::stdin_end);
  fake.send(FrameType::stdout_data, "out");
  fake.send(FrameType::stderr_data, "err");
  fake.send(FrameType::exit_code, shim::encode_exit_code(77));
  EXPECT_EQ(read_all(out.read.get()), "out");
  EXPECT_EQ(read_all(err.read.get()), "err");
  EXPECT_EQ(wait_for(pid), 77);
}

TEST(RelayShim, AnEndWithoutExitCodeIsLost) {
  FakeShim fake;
  const pid_t pid = fake.attach(0, 1, 2, ClientOptions());
  fake.pair.ours.reset();
  EXPECT_EQ(wait_for(pid), kLost);
}

TEST(RelayShim, GoesOnReadingWhenTheShimTakesNoMoreInput) {
  FakeShim fake;
  const Fd zero = sys::open("/dev/zero", O_RDONLY);
  Pipe out = sys::pipe();
  const pid_t pid = fake.attach(zero.get(), out.write.get(), 2, with_input());
  out.write.reset();
  fake.send(FrameType::stdout_data, "output");
  fake.send(FrameType::exit_code, shim::encode_exit_code(1));
  ::shutdown(fake.pair.ours.get(), SHUT_RD);
  EXPECT_EQ(read_all(out.read.get()), "output");
  EXPECT_EQ(wait_for(pid), 1);
}

TEST(RelayShim, MuchOutputToASlowReaderIsWholeAndMemoryFlat) {
  constexpr std::size_t kSize = 64 * 1024 * 1024;
  FakeShim fake;
  Pipe out = sys::pipe();
  const pid_t pid = fake.attach(0, out.write.get(), 2, ClientOptions());
  out.write.reset();
  const pid_t sender = fork();
  if (sender == 0) {
    out.read.reset();
    const std::string block(shim::kMaxFramePayload, 'x');
    for (std::size_t sent = 0; sent < kSize; sent += block.size()) fake.send(FrameType::stdout_data, block);
    fake.send(FrameType::exit_code, shim::encode_exit_code(0));
    _exit(0);
  }
  std::size_t got = 0;
  std::array<char, 1000> space{};
  for (ssize_t n = 0; (n = ::read(out.read.get(), space.data(), space.size())) > 0;) got += static_cast<std::size_t>(n);
  EXPECT_EQ(got, kSize);
  rusage usage{};
  int status = 0;
  wait4(pid, &status, 0, &usage);
  EXPECT_EQ(process::exit_code(status), 0);
  EXPECT_LT(usage.ru_maxrss, 32 * 1024) << "KiB";
  wait_for(sender);
}

std::string numbered_lines(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + "\n";
  return text;
}

TEST(RelayShim, MuchInputArrivesWholeFromAPipeAndFromAFile) {
  const std::string text = numbered_lines(8 * 1024 * 1024);
  for (const bool from_file : {false, true}) {
    FakeShim fake;
    Pipe in = sys::pipe();
    const Fd file(memfd_create("input", MFD_CLOEXEC));
    sys::write_all(file.get(), text);
    lseek(file.get(), 0, SEEK_SET);
    const pid_t pid = fake.attach(from_file ? file.get() : in.read.get(), 1, 2, with_input());
    in.read.reset();
    const pid_t writer = fork();
    if (writer == 0) {
      if (!from_file) sys::write_all(in.write.get(), text);
      _exit(0);
    }
    in.write.reset();
    EXPECT_TRUE(fake.input(text.size()) == text) << "from a file: " << from_file;
    EXPECT_EQ(fake.next().type, FrameType::stdin_end);
    fake.send(FrameType::exit_code, shim::encode_exit_code(0));
    EXPECT_EQ(wait_for(pid), 0);
    wait_for(writer);
  }
}

// Big frames are moved, small ones are copied, and both go to two streams: the order within each stream stays.
TEST(RelayShim, FramesOfAllSizesStayInOrder) {
  FakeShim fake;
  Pipe out = sys::pipe();
  const Fd err(memfd_create("errors", MFD_CLOEXEC));
  const pid_t pid = fake.attach(0, out.write.get(), err.get(), ClientOptions());
  out.write.reset();
  const std::string text = numbered_lines(4 * 1024 * 1024);
  const pid_t sender = fork();
  if (sender == 0) {
    out.read.reset();
    std::size_t size = 1;
    for (std::size_t at = 0; at < text.size(); at += size) {
      size = (size * 7 + 11) % 200'000 + 1;
      fake.send(FrameType::stdout_data, std::string_view(text).substr(at, size));
      fake.send(FrameType::stderr_data, std::string_view(text).substr(at, size));
    }
    fake.send(FrameType::exit_code, shim::encode_exit_code(0));
    _exit(0);
  }
  EXPECT_TRUE(read_all(out.read.get()) == text);
  EXPECT_EQ(wait_for(pid), 0);
  lseek(err.get(), 0, SEEK_SET);
  EXPECT_TRUE(read_all(err.get()) == text);
  wait_for(sender);
}

TEST(RelayShim, SignalsGoToThePidfd) {
  FakeShim fake;
  const pid_t target = fork();
  if (target == 0) {
    pause();
    _exit(0);
  }
  const Fd pidfd = sys::pidfd_open(target);
  Pipe out = sys::pipe();
  const pid_t pid = fake.attach(0, out.write.get(), 2, ClientOptions(), pidfd.get());
  fake.send(FrameType::stdout_data, "up");
  read_until(out.read.get(), "up");  // the relay is at work
  kill(pid, SIGTERM);
  EXPECT_EQ(wait_for(target), 128 + SIGTERM);
  fake.send(FrameType::exit_code, shim::encode_exit_code(143));
  EXPECT_EQ(wait_for(pid), 143);
}

TEST(RelayShimTerminal, IsRawSendsItsSizeAndIsRestored) {
  FakeShim fake;
  const Terminal terminal;
  const tcflag_t before = terminal.local_flags();
  const int tty = terminal.slave.get();
  const pid_t pid = fake.attach(tty, tty, tty, on_terminal());
  const FrameReader::Piece piece = fake.next();
  ASSERT_EQ(piece.type, FrameType::resize);
  EXPECT_EQ(shim::decode_window_size(piece.data), (std::pair<std::uint16_t, std::uint16_t>(40, 123)));
  EXPECT_EQ(terminal.local_flags() & (ICANON | ECHO | ISIG), 0U);
  sys::write_all(terminal.master.get(), "\x03");  // Ctrl-C is the container's
  EXPECT_EQ(fake.input(1), "\x03");
  fake.send(FrameType::exit_code, shim::encode_exit_code(0));
  EXPECT_EQ(wait_for(pid), 0);
  EXPECT_EQ(terminal.local_flags(), before);
}

TEST(RelayShimTerminal, PassesOnChangesOfTheWindow) {
  FakeShim fake;
  const Terminal terminal;
  const int tty = terminal.slave.get();
  const pid_t pid = fake.attach(tty, tty, tty, on_terminal());
  EXPECT_EQ(fake.next().type, FrameType::resize);
  const winsize size{50, 60, 0, 0};
  ioctl(terminal.master.get(), TIOCSWINSZ, &size);
  kill(pid, SIGWINCH);
  const FrameReader::Piece piece = fake.next();
  ASSERT_EQ(piece.type, FrameType::resize);
  EXPECT_EQ(shim::decode_window_size(piece.data), (std::pair<std::uint16_t, std::uint16_t>(50, 60)));
  fake.pair.ours.reset();
  EXPECT_EQ(wait_for(pid), kLost);
}

TEST(RelayShimTerminal, DetachKeysLeave) {
  FakeShim fake;
  const Terminal terminal;
  const tcflag_t before = terminal.local_flags();
  const int tty = terminal.slave.get();
  const pid_t pid = fake.attach(tty, tty, tty, on_terminal());
  EXPECT_EQ(fake.next().type, FrameType::resize);
  sys::write_all(terminal.master.get(), "ls\x10\x11");
  EXPECT_EQ(fake.input(2), "ls");
  EXPECT_EQ(wait_for(pid), kDetached);
  EXPECT_EQ(terminal.local_flags(), before);
  EXPECT_EQ(fake.next().what, FrameReader::What::end_of_file);
}

TEST(RelayShimTerminal, IsRestoredWhenASignalEndsTheCommand) {
  for (const int signal : {SIGTERM, SIGHUP, SIGINT}) {
    FakeShim fake;
    const Terminal terminal;
    const tcflag_t before = terminal.local_flags();
    const int tty = terminal.slave.get();
    const pid_t pid = fake.attach(tty, tty, tty, on_terminal());
    EXPECT_EQ(fake.next().type, FrameType::resize);
    kill(pid, signal);
    EXPECT_EQ(wait_for(pid), 128 + signal);
    EXPECT_EQ(terminal.local_flags(), before) << signal;
  }
}

TEST(RelayShimTerminal, DetachKeysAreOrdinaryBytesWithoutATerminal) {
  FakeShim fake;
  Pipe in = sys::pipe();
  const pid_t pid = fake.attach(in.read.get(), 1, 2, with_input());
  sys::write_all(in.write.get(), "a\x10\x11z");
  EXPECT_EQ(fake.input(4), "a\x10\x11z");
  fake.pair.ours.reset();
  EXPECT_EQ(wait_for(pid), kLost);
}

TEST(RelayChildTerminal, HasTheUsersWindowSizeAndJobControl) {
  const Terminal user;
  const int tty = user.slave.get();
  const pid_t pid = command(tty, tty, tty, [&] {
    Terminal inner;
    process::SpawnOptions spawn;
    spawn.program = "/usr/bin/setsid";
    spawn.arguments = {"setsid", "-c", "sh", "-c",
                       "until [ \"$(stty size)\" = \"40 123\" ]; do :; done; stty size; exec cat"};
    spawn.fds = {{inner.slave.get(), 0}, {inner.slave.get(), 1}, {inner.slave.get(), 2}};
    const winsize none{};
    ioctl(inner.master.get(), TIOCSWINSZ, &none);
    for (const int fd : {inner.master.get(), inner.slave.get()}) fcntl(fd, F_SETFD, FD_CLOEXEC);
    const pid_t child = process::spawn(spawn);
    const Fd pidfd = sys::pidfd_open(child);
    inner.slave.reset();
    ChildStreams streams;
    streams.terminal = std::move(inner.master);
    relay_child(std::move(streams), pidfd.get(), on_terminal());
    return process::exit_code(sys::waitpid(child));
  });
  EXPECT_EQ(read_until(user.master.get(), "40 123\r\n"), "40 123\r\n");
  sys::write_all(user.master.get(), "x\x03");  // Ctrl-C at the inner terminal interrupts cat
  EXPECT_EQ(wait_for(pid), 128 + SIGINT);
}

}  // namespace
}  // namespace minidock::streams
