#include "engine/explanation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

namespace minidock {
namespace {

using testing::HasSubstr;

class Explain : public testing::Test {
 protected:
  Explain() : log_(explain::make_log()) {}
  ~Explain() override { explain::enable(-1, ""); }
  Fd log_;
};

TEST_F(Explain, NothingIsDescribedWhenNobodyAsks) {
  bool described = false;
  const explain::Step step("mount", [&] {
    described = true;
    return "x";
  });
  EXPECT_FALSE(described);
}

TEST_F(Explain, StepsOfSeveralProcessesByTheirBeginning) {
  explain::enable(log_.get(), "parent");
  {
    const explain::Step step("mount", [] { return "first"; });
  }
  const pid_t pid = fork();
  if (pid == 0) {
    explain::set_role("child");
    {
      const explain::Step step("link", [] { return "second"; });
    }
    _exit(0);
  }
  waitpid(pid, nullptr, 0);
  {
    const explain::Step step("rule", [] { return "third"; });
  }
  const std::vector<explain::Record> records = explain::records(log_.get());
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].text, "first");
  EXPECT_EQ(records[0].who, "parent");
  EXPECT_EQ(records[1].text, "second");
  EXPECT_EQ(records[1].who, "child");
  EXPECT_EQ(records[1].kind, "link");
  EXPECT_EQ(records[2].text, "third");
  EXPECT_LE(records[0].started, records[0].ended);
  EXPECT_LE(records[0].ended, records[1].started);
}

TEST_F(Explain, AStepThatThrowsHasFailed) {
  explain::enable(log_.get(), "parent");
  try {
    const explain::Step step("mount", [] { return "proc"; });
    throw std::runtime_error("no");
  } catch (const std::runtime_error&) {
  }
  const std::vector<explain::Record> records = explain::records(log_.get());
  ASSERT_EQ(records.size(), 1u);
  EXPECT_TRUE(records[0].failed);
  EXPECT_THAT(explanation_text(records), HasSubstr("proc: failed"));
}

TEST_F(Explain, AFullLogDropsTheRest) {
  explain::enable(log_.get(), "parent");
  for (int i = 0; i < 1000; ++i) {
    const explain::Step step("mount", [] { return std::string(1000, 'x'); });
  }
  const std::size_t kept = explain::records(log_.get()).size();
  EXPECT_GT(kept, 100u);
  EXPECT_LT(kept, 1000u);
}

TEST(ExplanationText, ALineAStepAndTheSum) {
  const std::string text = explanation_text({{1000, 39'500, false, "child", "mount", "proc on /proc"},
                                             {20'000, 101'000, false, "minidock", "link", "veth pair"}});
  EXPECT_THAT(text, testing::ContainsRegex("child +mount +38.5 us  proc on /proc\n"));
  EXPECT_THAT(text, HasSubstr("2 steps, 119.5 us together; 100.0 us from the first to the last"));
}

}  // namespace
}  // namespace minidock
