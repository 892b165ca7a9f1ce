#include "engine/id_ranges.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace minidock {
namespace {

TEST(FindFreeIds, TakesTheLowestGap) {
  const std::vector<Interval> available{{1000, 100}, {5000, 1000}};
  EXPECT_EQ(find_free_ids(available, {}, 100), 1000u);
  EXPECT_EQ(find_free_ids(available, {}, 101), 5000u);
  EXPECT_EQ(find_free_ids(available, {{1050, 10}, {1000, 20}}, 30), 1020u);
  EXPECT_EQ(find_free_ids(available, {{1050, 10}, {1000, 20}}, 40), 1060u);
  EXPECT_EQ(find_free_ids(available, {{990, 200}, {5000, 999}}, 1), 5999u);
}

TEST(FindFreeIds, NoneIsLeft) {
  EXPECT_FALSE(find_free_ids({}, {}, 1));
  EXPECT_FALSE(find_free_ids({{10, 10}}, {{15, 1}}, 6));
  EXPECT_FALSE(find_free_ids({{4294967290U, 5}}, {}, 6));
  EXPECT_EQ(find_free_ids({{4294967290U, 5}}, {}, 5), 4294967290U);
  EXPECT_FALSE(find_free_ids({{2147483647, 2147483648U}}, {{0, 4294967295U}}, 1));
}

TEST(AutoUserns, IsReadAsPodmanWritesIt) {
  EXPECT_TRUE(is_auto_userns("auto"));
  EXPECT_TRUE(is_auto_userns("auto:size=5"));
  EXPECT_FALSE(is_auto_userns("automatic"));
  EXPECT_FALSE(is_auto_userns(""));
  EXPECT_EQ(parse_auto_userns("auto"), 65536u);
  EXPECT_EQ(parse_auto_userns("auto:size=5"), 5u);
  for (const char* wrong : {"auto:", "auto:size=", "auto:size=0", "auto:size=-1", "auto:size=4294967296", "auto:5"}) {
    EXPECT_THROW(parse_auto_userns(wrong), Error) << wrong;
  }
}

}  // namespace
}  // namespace minidock
