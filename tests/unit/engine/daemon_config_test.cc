#include "engine/daemon_config.h"

#include <gmock/gmock.h>

#include "base/error.h"

namespace minidock {
namespace {

using ::testing::HasSubstr;

DaemonConfig parsed(const std::string& text) { return parse_daemon_config(text, "daemon.json"); }

std::string refusal(const std::string& text) {
  try {
    parsed(text);
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

TEST(DaemonConfig, HasDefaultsForContainers) {
  const DaemonConfig config = parsed(R"({
    "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1000, "Hard": 2000}},
    "default-cgroupns-mode": "host", "cgroup-parent": "/tenants", "no-new-privileges": true, "live-restore": true
  })");
  ASSERT_EQ(config.default_ulimits.size(), 1U);
  EXPECT_EQ(config.default_ulimits[0].name, "nofile");
  EXPECT_EQ(config.default_ulimits[0].soft, 1000);
  EXPECT_EQ(config.default_ulimits[0].hard, 2000);
  EXPECT_EQ(config.default_cgroupns_mode, "host");
  EXPECT_EQ(config.cgroup_parent, "/tenants");
  EXPECT_TRUE(config.no_new_privileges);
}

TEST(DaemonConfig, RefusesWhatItWouldNotDo) {
  EXPECT_THAT(refusal(R"({"icc": false})"), HasSubstr("don't match any configuration option: icc"));
  EXPECT_THAT(refusal(R"({"live-restore": false})"), HasSubstr("containers outlive every command"));
  EXPECT_THAT(refusal(R"({"default-cgroupns-mode": "x"})"), HasSubstr("invalid default cgroup namespace (x)"));
  EXPECT_THAT(refusal(R"({"default-ulimits": {"nope": {"Soft": 1, "Hard": 1}}})"), HasSubstr("invalid ulimit type"));
  EXPECT_THAT(refusal(R"({"default-ulimits": {"nofile": {"Soft": 2, "Hard": 1}}})"), HasSubstr("less than or equal"));
}

}  // namespace
}  // namespace minidock
