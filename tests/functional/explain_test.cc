// `run --explain`: the steps of a start, readable.
#include <gmock/gmock.h>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;

class Explain : public FunctionalTest {
 protected:
  Explain() { box.load("busybox"); }
};

TEST_F(Explain, NamesEveryKindOfStep) {
  const Result result = box.run({"--explain", "-p", "18099:80", "--hostname", "learner", "-v", "data:/data"}, {"true"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "");
  for (const char* words :
       {"shim +namespace +[0-9.]+ us  process cloned into new ones: mount, uts, ipc, pid, network, user",
        "child +namespace +[0-9.]+ us  a new one: cgroup",
        "shim +cgroup +[0-9.]+ us  made: /",
        "shim +map +[0-9.]+ us  users: 0-65535 inside are",
        "shim +map +[0-9.]+ us  groups: ",
        "shim +mount +[0-9.]+ us  overlay of",
        "child +mount +[0-9.]+ us  made: proc on /proc \\(",
        "child +mount +[0-9.]+ us  attached: proc on /proc \\(",
        "child +mount +[0-9.]+ us  attached: .*/_data on /data",
        "child +device +[0-9.]+ us  6 ",
        "child +mount +[0-9.]+ us  [0-9]+ paths masked",
        "child +mount +[0-9.]+ us  pivot_root",
        "child +name +[0-9.]+ us  hostname learner",
        "minidock +link +[0-9.]+ us  veth pair: .* eth0 inside",
        "minidock +address +[0-9.]+ us  [0-9.]+/[0-9]+ on eth0, default route by",
        "minidock +rule +[0-9.]+ us  published: 0.0.0.0:18099/tcp",
        "shim +limit +[0-9.]+ us  devices",
        "child +capability +[0-9.]+ us  .*14 of 41: chown",
        "child +user +[0-9.]+ us  uid 0, gid 0, .* 14 capabilities",
        "child +filter +[0-9.]+ us  seccomp: [0-9]+ instructions",
        "shim +program +[0-9.]+ us  let go, and waited until it has become true"}) {
    EXPECT_THAT(result.err, ContainsRegex(words)) << words;
  }
}

TEST_F(Explain, ALineAStepWithItsTime) {
  const std::vector<std::string> lines = lines_of(box.run({"--explain"}, {"true"}).err);
  ASSERT_GT(lines.size(), 30u);
  EXPECT_LT(lines.size(), 90u);
  EXPECT_THAT(lines.front(), MatchesRegex("PROCESS +WHAT +TIME +STEP"));
  for (std::size_t i = 1; i + 1 < lines.size(); ++i) {
    EXPECT_THAT(lines[i], MatchesRegex("(minidock|shim|child) +[a-z]+ +[0-9]+\\.[0-9] us  .+"));
  }
  EXPECT_THAT(lines.back(), MatchesRegex("[0-9]+ steps, [0-9.]+ us together; [0-9.]+ us from the first to the last.*"));
}

TEST_F(Explain, ComesBeforeTheProgramsOutput) {
  const std::string out = box.path("both");
  const Arguments command = box.command({"run", "--rm", "--explain", "busybox", "echo", "said by the program"});
  std::string line;
  for (const std::string& word : command) line += "'" + word + "' ";
  box.shell(line + "> " + out + " 2>&1");
  const std::vector<std::string> lines = lines_of(read_file(out));
  EXPECT_EQ(lines.back(), "said by the program");
  EXPECT_THAT(lines[lines.size() - 2], HasSubstr(" steps, "));
}

TEST_F(Explain, AFailedStartIsExplainedToo) {
  const Result result = box.run({"--explain"}, {"no-such-program"});
  EXPECT_EQ(result.exit_code, 127);
  EXPECT_THAT(result.err, ContainsRegex("waited until it has become no-such-program: failed"));
}

TEST_F(Explain, SharedNamespacesAreNamed) {
  box.run_detached({"--name", "first"}, {"sleep", "600"});
  const Result result = box.run({"--explain", "--network", "container:first"}, {"true"});
  EXPECT_THAT(result.err,
              ContainsRegex("namespace +[0-9.]+ us  process cloned into new ones: .*; joined: network, user"));
}

TEST_F(Explain, NothingIsShownUnasked) { EXPECT_THAT(box.run({}, {"true"}).err, IsEmpty()); }

}  // namespace
}  // namespace minidock::functional
