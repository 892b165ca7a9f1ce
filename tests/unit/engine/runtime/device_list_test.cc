// Device rules as the v1 controller's default and exceptions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/runtime/device_list.h"

namespace minidock::runtime {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const DeviceRule kDenyAll{false, "a", {}, {}, "rwm"};
const DeviceRule kAllowAll{true, "a", {}, {}, "rwm"};

TEST(DeviceListTest, IsDeniedByDefault) {
  EXPECT_EQ(device_list({}), DeviceList{});
  const DeviceList list =
      device_list({kDenyAll, {true, "c", {}, {}, "m"}, {true, "c", 1, 3, "rwm"}, {true, "b", 8, {}, "r"}});
  EXPECT_FALSE(list.allows_by_default);
  EXPECT_THAT(list.exceptions, ElementsAre("c *:* m", "c 1:3 rwm", "b 8:* r"));
}

TEST(DeviceListTest, StartsAgainAtARuleForAll) {
  EXPECT_EQ(device_list({{true, "c", 1, 3, "rwm"}, kAllowAll}), (DeviceList{true, {}}));
  EXPECT_THAT(device_list({kAllowAll, kDenyAll, {true, "c", 1, 5, "r"}}).exceptions, ElementsAre("c 1:5 r"));
  EXPECT_EQ(device_list({kAllowAll, {false, "b", {}, {}, "w"}}), (DeviceList{true, {"b *:* w"}}));
}

TEST(DeviceListTest, ADenialTakesBack) {
  EXPECT_THAT(device_list({kDenyAll, {true, "c", 10, 229, "rwm"}, {false, "c", 10, 229, "w"}}).exceptions,
              ElementsAre("c 10:229 rm"));
  EXPECT_THAT(device_list({kDenyAll, {true, "c", 10, 229, "rw"}, {false, "c", 10, {}, "rwm"}}).exceptions, IsEmpty());
  // What was not allowed needs no denial.
  EXPECT_THAT(device_list({kDenyAll, {true, "c", 1, 3, "rw"}, {false, "c", 10, 229, "rwm"}}).exceptions,
              ElementsAre("c 1:3 rw"));
}

TEST(DeviceListTest, KnowsNoExceptionFromAnException) {
  EXPECT_THROW(device_list({kDenyAll, {true, "c", 10, {}, "rw"}, {false, "c", 10, 229, "w"}}), Error);
  // Other accesses do not meet.
  EXPECT_THAT(device_list({kDenyAll, {true, "c", {}, {}, "m"}, {false, "c", 10, 229, "rw"}}).exceptions,
              ElementsAre("c *:* m"));
}

TEST(DeviceListTest, PartOfAllIsBothTypes) {
  EXPECT_THAT(device_list({kDenyAll, {true, "a", {}, {}, "r"}}).exceptions, ElementsAre("b *:* r", "c *:* r"));
}

}  // namespace
}  // namespace minidock::runtime
