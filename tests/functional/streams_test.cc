// What goes into a container and comes out of it: all of it, unchanged, and without growing anybody.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

class Streams : public FunctionalTest {
 protected:
  void SetUp() override {
    box.load("busybox");
    box.shell("head -c 67108864 /dev/urandom > " + data());
  }
  std::string data() { return box.path("data"); }
  // `run -i --rm OPTIONS busybox cat` as it is written in a shell.
  std::string cat(const std::string& options = "") {
    std::string line;
    for (const std::string& word : box.command({"run", "-i", "--rm"})) line += word + " ";
    return line + options + " busybox cat";
  }
  void expect_same(const std::string& pipeline) {
    EXPECT_EQ(box.shell(pipeline + " | cmp - " + data()), "") << pipeline;
  }
  // A field of /proc/PID/status or smaps_rollup in KiB.
  long kilobytes(const std::string& file, const std::string& field) {
    return atol(box.host_ok({"awk", "/^" + field + ":/ {print $2}", file}).c_str());
  }
};

TEST_F(Streams, SixtyFourMegabytesThroughPipesAndBack) {
  for (const char* options : {"--log-driver none", "", "--log-driver local"}) {
    expect_same("cat " + data() + " | " + cat(options));
  }
}

TEST_F(Streams, FromAFileAndIntoAFile) {
  for (const char* options : {"--log-driver none", ""}) {
    expect_same(cat(options) + " < " + data());
    box.shell(cat(options) + " < " + data() + " > " + data() + ".out");
    expect_same("cat " + data() + ".out");
  }
}

TEST_F(Streams, ASlowReaderAndASlowWriterGetEverything) {
  expect_same("cat " + data() + " | " + cat("--log-driver none") + " | (sleep 1; cat)");
  expect_same("(head -c 1000; sleep 0.5; cat) < " + data() + " | " + cat("--log-driver none"));
}

TEST_F(Streams, TheLogHasAllOfItToo) {
  box.shell("head -c 8000000 /dev/urandom | od -An -tx1 -v > " + data());
  for (const char* driver : {"json-file", "local"}) {
    std::string line;
    for (const std::string& word :
         box.command({"run", "-i", "--name", "lx", "--log-opt", "max-file=100", "--log-driver"})) {
      line += word + " ";
    }
    box.shell(line + driver + " busybox cat < " + data() + " > /dev/null");
    std::string logs;
    for (const std::string& word : box.command({"logs", "lx"})) logs += word + " ";
    expect_same(logs);
    box.minidock_ok({"rm", "lx"});
  }
}

TEST_F(Streams, EndOfInputWhileOutputIsStillToCome) {
  const Result result =
      box.minidock({"run", "-i", "--rm", "busybox", "sh", "-c", "cat > /dev/null; seq 200000"}, "x\n");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(lines_of(result.out).size(), 200'000U);
}

TEST_F(Streams, OutputThatNobodyWantsAnyMoreStopsNothing) {
  const std::string head = cat("--log-driver none") + " < " + data() + " | head -c 100000 | wc -c";
  EXPECT_EQ(box.shell(head), "100000");
}

TEST_F(Streams, TheShimStaysSmall) {
  for (const char* driver : {"none", "json-file", "local"}) {
    std::string line;
    for (const std::string& word : box.command({"run", "-i", "--name", "mx", "--log-driver", driver, "busybox"})) {
      line += word + " ";
    }
    Background run({"sh", "-c", line + "sh -c 'cat; echo end >&2; sleep 600' < " + data() + " > /dev/null"}, "",
                   box.path("."));
    EXPECT_TRUE(Sandbox::eventually([&] { return run.err() == "end\n"; }));
    const std::string shim = "/proc/" + status_field(box.pid_of("mx"), "PPid");
    EXPECT_LT(kilobytes(shim + "/status", "VmHWM"), 5 * 1024) << driver;
    // What it needed for that is given back.
    EXPECT_TRUE(Sandbox::eventually([&] { return kilobytes(shim + "/smaps_rollup", "Private_Dirty") <= 700; }))
        << driver << ": " << kilobytes(shim + "/smaps_rollup", "Private_Dirty");
    box.minidock_ok({"rm", "-f", "mx"});
    run.wait();
  }
}

}  // namespace
}  // namespace minidock::functional
