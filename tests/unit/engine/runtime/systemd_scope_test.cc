// Scopes of systemd: their paths, and the limits in systemd's words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/runtime/systemd_scope.h"

namespace minidock::runtime {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(SystemdScopeTest, IsToldByItsPath) {
  EXPECT_TRUE(is_systemd_scope("/system.slice/minidock-ab.scope"));
  EXPECT_FALSE(is_systemd_scope("/minidock/ab"));
  EXPECT_FALSE(is_systemd_scope("/minidock/ab.scope"));
  EXPECT_FALSE(is_systemd_scope("/system.slice/ab"));
}

TEST(SystemdScopeTest, DashesOfASliceAreLevels) {
  EXPECT_EQ(slice_path("system.slice"), "/system.slice");
  EXPECT_EQ(slice_path("a-b-c.slice"), "/a.slice/a-b.slice/a-b-c.slice");
  EXPECT_EQ(slice_path("-.slice"), "/");
  for (const char* bad : {"", "x", ".slice", "a/b.slice", "-a.slice", "a-.slice", "a--b.slice"}) {
    EXPECT_THROW(slice_path(bad), Error) << bad;
  }
}

TEST(SystemdScopeTest, LimitsInSystemdsWords) {
  ResourceLimits limits;
  limits.memory = 64 << 20;
  limits.memory_swap = 96 << 20;
  limits.memory_reservation = 32 << 20;
  limits.cpu_shares = 1024;
  limits.cpu_quota = 50'000;
  limits.cpu_period = 200'000;
  limits.pids = 0;
  limits.cpuset_cpus = "0-1,9";
  const std::uint64_t unlimited = UINT64_MAX;
  EXPECT_THAT(
      limit_properties(limits),
      ElementsAre(UnitProperty{"MemoryMax", std::uint64_t{64 << 20}},
                  UnitProperty{"MemoryLow", std::uint64_t{32 << 20}},
                  UnitProperty{"MemorySwapMax", std::uint64_t{32 << 20}}, UnitProperty{"CPUWeight", std::uint64_t{39}},
                  UnitProperty{"CPUQuotaPeriodUSec", std::uint64_t{200'000}},
                  UnitProperty{"CPUQuotaPerSecUSec", std::uint64_t{250'000}}, UnitProperty{"TasksMax", unlimited},
                  UnitProperty{"AllowedCPUs", std::vector<std::uint8_t>{3, 2}}));
  EXPECT_THAT(limit_properties({}), IsEmpty());
}

TEST(SystemdScopeTest, AScopeHasItsSliceAndProcess) {
  const auto properties = scope_properties("/a.slice/a-b.slice/minidock-0123.scope", {}, 42);
  EXPECT_THAT(properties,
              AllOf(Contains(UnitProperty{"Slice", std::string("a-b.slice")}),
                    Contains(UnitProperty{"Description", std::string("minidock container 0123")}),
                    Contains(UnitProperty{"PIDs", std::vector<std::uint32_t>{42}}),
                    Contains(UnitProperty{"Delegate", true}), Contains(UnitProperty{"DefaultDependencies", false}),
                    Contains(UnitProperty{"TasksMax", std::uint64_t{UINT64_MAX}})));
}

}  // namespace
}  // namespace minidock::runtime
