// What volumes are made of: whose ids their data have, what their options mount, how filters choose them.
#include <gmock/gmock.h>
#include <sys/mount.h>

#include "base/error.h"
#include "engine/filters.h"
#include "engine/volume_driver.h"
#include "engine/volume_owner.h"

namespace minidock {
namespace {

using Maps = std::vector<runtime::IdMapping>;

// Where an id on disk is shown; -1 for none.
std::int64_t shown(const Maps& translation, std::uint32_t disk) {
  std::int64_t found = -1;
  for (const runtime::IdMapping& range : translation) {
    if (disk < range.container_id || disk - range.container_id >= range.size) continue;
    EXPECT_EQ(found, -1) << "two ranges hold " << disk;
    found = std::int64_t{range.host_id} + (disk - range.container_id);
  }
  return found;
}

const Maps kOne{{0, 100000, 65536}};
const Maps kOther{{0, 300000, 65536}};

TEST(OwnerTranslation, NoneForTheSameRange) {
  EXPECT_TRUE(owner_translation({}, {}).empty());
  EXPECT_TRUE(owner_translation(kOne, kOne).empty());
}

TEST(OwnerTranslation, BetweenTwoRanges) {
  const Maps translation = owner_translation(kOne, kOther);
  EXPECT_EQ(shown(translation, 100000), 300000);
  EXPECT_EQ(shown(translation, 100033), 300033);
  EXPECT_EQ(shown(translation, 0), -1);
}

TEST(OwnerTranslation, PlainDataInARange) {
  const Maps translation = owner_translation({}, kOne);
  EXPECT_EQ(shown(translation, 0), 100000);
  EXPECT_EQ(shown(translation, 33), 100033);
}

TEST(OwnerTranslation, AContainerWithoutAMapKeepsEveryId) {
  const Maps translation = owner_translation(kOne, {});
  EXPECT_EQ(shown(translation, 100000), 0);
  EXPECT_EQ(shown(translation, 165535), 65535);
  EXPECT_EQ(shown(translation, 70000), 70000);
  EXPECT_EQ(shown(translation, 165536), 165536);
  EXPECT_EQ(shown(translation, 4294967294U), 4294967294);
  EXPECT_EQ(shown(translation, 5), 100005);
}

TEST(OwnerTranslation, RangesInSeveralPieces) {
  const Maps translation = owner_translation({{0, 1000, 10}, {10, 5000, 10}}, {{0, 2000, 15}, {15, 9000, 5}});
  EXPECT_EQ(shown(translation, 1009), 2009);
  EXPECT_EQ(shown(translation, 5004), 2014);
  EXPECT_EQ(shown(translation, 5005), 9000);
  EXPECT_EQ(shown(translation, 5010), -1);
}

TEST(OwnerTranslation, ARangeThatOverlapsItsOwnIdsIsShownAsFarAsItGoes) {
  const Maps translation = owner_translation({{0, 1000, 65536}}, {});
  EXPECT_EQ(shown(translation, 1000), 0);
  EXPECT_EQ(shown(translation, 66535), 65535);
}

TEST(VolumeDriver, WordsBecomeFlagsAndData) {
  const auto mount =
      parse_volume_mount({{"type", "tmpfs"}, {"device", "tmpfs"}, {"o", "size=100m,ro,nosuid,uid=5,rw,noexec"}});
  ASSERT_TRUE(mount);
  EXPECT_EQ(mount->flags, static_cast<unsigned long>(MS_NOSUID | MS_NOEXEC));
  EXPECT_EQ(mount->data, "size=100m,uid=5");
  EXPECT_FALSE(mount->is_bind());
  const auto bind = parse_volume_mount({{"type", "none"}, {"device", "/a"}, {"o", "rbind,rslave"}});
  EXPECT_EQ(bind->flags, static_cast<unsigned long>(MS_BIND | MS_REC));
  EXPECT_EQ(bind->propagation, static_cast<unsigned long>(MS_SLAVE | MS_REC));
  EXPECT_FALSE(parse_volume_mount({{"size", "5g"}}));
  EXPECT_EQ(parse_volume_mount({{"type", "nfs"}, {"device", ":/x"}, {"o", "addr=127.0.0.1,rw"}})->data,
            "addr=127.0.0.1");
}

TEST(VolumeDriver, OwnData) {
  EXPECT_TRUE(owns_its_data({}));
  EXPECT_TRUE(owns_its_data({{"type", "tmpfs"}, {"device", "tmpfs"}}));
  EXPECT_FALSE(owns_its_data({{"type", "none"}, {"device", "/a"}, {"o", "bind"}}));
  EXPECT_FALSE(owns_its_data({{"type", "ext4"}, {"device", "/dev/sdb"}}));
}

TEST(Filters, LabelsAndUnknownNames) {
  const std::map<std::string, std::string> labels{{"a", "1"}};
  EXPECT_TRUE(has_label(labels, "a"));
  EXPECT_TRUE(has_label(labels, "a=1"));
  EXPECT_FALSE(has_label(labels, "a=2"));
  EXPECT_THROW(Filters({"foo=1"}, {"label"}), Error);
  EXPECT_THROW(Filters({"label"}, {"label"}), Error);
  EXPECT_EQ(Filters({"label!=a"}, {"label", "label!"}).values("label!"), std::vector<std::string>{"a"});
}

TEST(Filters, UntilIsADurationOrATime) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  EXPECT_EQ(parse_until("10m", 1000 * kSecond), 400 * kSecond);
  EXPECT_EQ(parse_until("100", 0), 100 * kSecond);
  EXPECT_EQ(parse_until("1970-01-01T00:01:00Z", 0), 60 * kSecond);
  EXPECT_THROW(parse_until("abc", 0), Error);
  EXPECT_THROW(parse_until("", 0), Error);
}

}  // namespace
}  // namespace minidock
