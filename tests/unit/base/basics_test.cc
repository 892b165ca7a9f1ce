// Errors, JSON, random numbers and processes.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/random.h"
#include "base/syscall.h"

namespace minidock {
namespace {

TEST(ErrorTest, SysErrorCapturesErrno) {
  errno = ENOENT;
  const SysError error("open(\"/x\")");
  EXPECT_EQ(error.message(), "open(\"/x\"): No such file or directory");
  EXPECT_EQ(error.error_number(), ENOENT);
  EXPECT_EQ(error.kind(), ErrorKind::system);
  const Error outer = error.with_context("while starting web");
  EXPECT_EQ(outer.message(), "while starting web: open(\"/x\"): No such file or directory");
  EXPECT_EQ(outer.error_number(), ENOENT);
}

TEST(ErrorTest, KindsCrossProcessesByName) {
  for (int i = 0; i <= static_cast<int>(ErrorKind::command_not_executable); ++i) {
    const auto kind = static_cast<ErrorKind>(i);
    EXPECT_EQ(error_kind_from_string(to_string(kind)), kind);
  }
  EXPECT_EQ(error_kind_from_string("nonsense"), ErrorKind::internal);
}

TEST(JsonTest, DepthIsLimited) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_NO_THROW(json::parse(nested(10), "it", 10));
  EXPECT_THROW(json::parse(nested(12), "it", 10), Error);
  EXPECT_THAT([&] { json::parse(nested(1'000'000), "the manifest"); },
              testing::ThrowsMessage<Error>("the manifest is nested deeper than 64 levels"));
  EXPECT_THAT([] { json::parse("{\"a\":", "the manifest"); },
              testing::ThrowsMessage<Error>("the manifest is not valid JSON"));
}

TEST(JsonTest, TypesAreChecked) {
  const Json object = json::parse(R"({"s": "x", "n": 3, "b": true, "l": ["a"], "null": null})", "it");
  EXPECT_EQ(json::get_string(object, "s"), "x");
  EXPECT_EQ(json::get_string(object, "none", "y"), "y");
  EXPECT_EQ(json::get_string(object, "null", "y"), "y");
  EXPECT_EQ(json::get_int(object, "n"), 3);
  EXPECT_TRUE(json::get_bool(object, "b"));
  EXPECT_EQ(json::get_strings(object, "l"), std::vector<std::string>{"a"});
  EXPECT_THROW(json::get_string(object, "n"), Error);
  EXPECT_THROW(json::get_int(object, "s"), Error);
  EXPECT_EQ(json::dump(Json("\xff")), "\"\xef\xbf\xbd\"");
}

TEST(RandomTest, IdsAreHexAndNeverLookLikeNumbers) {
  std::set<std::string> seen;
  for (int i = 0; i < 2000; ++i) {
    const std::string id = random::object_id();
    EXPECT_EQ(id.size(), 64U);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_NE(id.substr(0, 12).find_first_of("abcdef"), std::string::npos);
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 2000U);
  std::set<std::uint32_t> values;
  for (int i = 0; i < 1000; ++i) values.insert(random::below(3));
  EXPECT_EQ(values, (std::set<std::uint32_t>{0, 1, 2}));
}

TEST(ProcessTest, AStoredProcessIsKnownByItsStartTime) {
  const ProcessId self = process::self();
  EXPECT_TRUE(process::is_alive(self));
  EXPECT_FALSE(process::is_alive({self.pid, self.start_time + 1}));
  EXPECT_FALSE(process::is_alive({0, 0}));
  EXPECT_EQ(process::start_time_of(-1), std::nullopt);
}

TEST(ProcessTest, NamesWithParenthesesDoNotConfuseIt) {
  const pid_t child = fork();
  if (child == 0) {
    sys::prctl("PR_SET_NAME", PR_SET_NAME, reinterpret_cast<unsigned long>(") Z 1 (x) 9"));
    raise(SIGSTOP);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, WUNTRACED);
  const ProcessId id{child, process::start_time_of(child).value_or(0)};
  EXPECT_GE(id.start_time, process::self().start_time);
  EXPECT_TRUE(process::is_alive(id));
  kill(child, SIGKILL);
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  EXPECT_FALSE(process::is_alive(id));  // a zombie
  waitpid(child, &status, 0);
  EXPECT_FALSE(process::is_alive(id));
}

TEST(SpawnTest, GivesTheMappedDescriptorsAndNoOther) {
  const Pipe pipe = sys::pipe();
  const Fd extra = sys::open("/dev/null", O_RDONLY);
  process::SpawnOptions options;
  options.program = "/bin/sh";
  options.arguments = {"sh", "-c", "ls /proc/self/fd | tr '\\n' ' '; exit 7"};
  options.fds = {{pipe.write.get(), 1}};
  const pid_t pid = process::spawn(options);
  EXPECT_EQ(process::exit_code(sys::waitpid(pid)), 7);
  char buffer[256];
  const std::size_t size = sys::read(pipe.read.get(), buffer, sizeof buffer);
  EXPECT_EQ(std::string(buffer, size), "0 1 2 3 ");  // 3 is ls's own directory
}

TEST(SpawnTest, ChildHasDefaultSignals) {
  const auto previous = signal(SIGTERM, SIG_IGN);
  process::SpawnOptions options;
  options.program = "/bin/sh";
  options.arguments = {"sh", "-c", "kill -TERM $$; exit 1"};
  const pid_t pid = process::spawn(options);
  signal(SIGTERM, previous);
  EXPECT_EQ(process::exit_code(sys::waitpid(pid)), 128 + SIGTERM);
}

TEST(SpawnTest, AMissingProgramIsAnErrorHere) {
  process::SpawnOptions options;
  options.program = "/nonexistent/program";
  options.arguments = {"program"};
  try {
    process::spawn(options);
    FAIL();
  } catch (const SysError& error) {
    EXPECT_EQ(error.error_number(), ENOENT);
  }
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);  // no zombie stays
}

TEST(SpawnTest, AVforkedCloneSharesTheMemoryAndEndsWithItsResult) {
  alignas(16) static std::array<char, 64 * 1024> stack;
  static int written = 0;
  struct clone_args arguments {};
  arguments.exit_signal = SIGCHLD;
  int seven = 7;
  const pid_t pid = sys::clone3_vfork(
      arguments, stack,
      [](void* argument) {
        try {
          throw Error(ErrorKind::internal, "caught on the other stack");
        } catch (const Error&) {
          written = getpid();
        }
        return *static_cast<int*>(argument);
      },
      &seven);
  EXPECT_EQ(written, pid);
  EXPECT_EQ(process::exit_code(sys::waitpid(pid)), 7);
}

TEST(SpawnTest, ExecutesByADescriptorThatCannotBeWritten) {
  const Fd program = process::open_read_only_executable("/bin/true");
  process::SpawnOptions options;
  options.program_fd = program.get();
  options.program = "true";
  options.arguments = {"true"};
  EXPECT_EQ(process::exit_code(sys::waitpid(process::spawn(options))), 0);
  EXPECT_EQ(open(("/proc/self/fd/" + std::to_string(program.get())).c_str(), O_WRONLY), -1);
  EXPECT_EQ(errno, EROFS);
}

}  // namespace
}  // namespace minidock
