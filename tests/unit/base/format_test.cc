#include "base/format.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"
#include "base/table.h"

namespace minidock::format {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kHour = 3600 * kSecond;

TEST(Rfc3339, WritesAsGoDoes) {
  EXPECT_EQ(rfc3339_nano(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(rfc3339_nano(1767323045 * kSecond + 120'000'000), "2026-01-02T03:04:05.12Z");
  EXPECT_EQ(rfc3339_nano_fixed(1767323045 * kSecond + 120'000'000), "2026-01-02T03:04:05.120000000Z");
  EXPECT_EQ(rfc3339_nano(-1), "1969-12-31T23:59:59.999999999Z");
}

TEST(Rfc3339, ReadsWhatUsersWrite) {
  const std::int64_t time = 1767323045 * kSecond;
  EXPECT_EQ(parse_rfc3339("2026-01-02T03:04:05.123456789Z"), time + 123456789);
  EXPECT_EQ(parse_rfc3339("2026-01-02T05:34:05+02:30"), time);
  EXPECT_EQ(parse_rfc3339("2026-01-02T03:04:05"), time);
  EXPECT_EQ(parse_rfc3339("2026-01-02"), time - (3 * 3600 + 4 * 60 + 5) * kSecond);
  EXPECT_EQ(parse_rfc3339("2024-02-29"), 1709164800 * kSecond);
  EXPECT_EQ(parse_rfc3339(kZeroTime), std::numeric_limits<std::int64_t>::min());
  for (const char* bad : {"", "yesterday", "2026-13-01", "2025-02-29", "2026-01-02T25:00:00Z", "2026-01-02T03:04:05.Z",
                          "2026-01-02T03:04:05Zx", "2026-01-02T", "2026-1-2"}) {
    EXPECT_THROW(parse_rfc3339(bad), Error) << bad;
  }
}

TEST(Duration, ReadsGoText) {
  EXPECT_EQ(parse_duration("1h30m"), kHour + kHour / 2);
  EXPECT_EQ(parse_duration("1.5s"), 1'500'000'000);
  EXPECT_EQ(parse_duration("-10ms"), -10'000'000);
  EXPECT_EQ(parse_duration("0"), 0);
  EXPECT_EQ(parse_duration("2\u00b5s"), 2'000);
  for (const char* bad : {"", "5", "s", ".s", "5d", "1h x", "99999999999h", "-"})
    EXPECT_THROW(parse_duration(bad), Error) << bad;
}

TEST(Duration, PrintedAsGoDoes) {
  EXPECT_EQ(go_duration(0), "0s");
  EXPECT_EQ(go_duration(7), "7ns");
  EXPECT_EQ(go_duration(1'500), "1.5µs");
  EXPECT_EQ(go_duration(50'000'000), "50ms");
  EXPECT_EQ(go_duration(kSecond * 3 / 2), "1.5s");
  EXPECT_EQ(go_duration(90 * kSecond), "1m30s");
  EXPECT_EQ(go_duration(-kHour), "-1h0m0s");
  EXPECT_EQ(go_duration(kHour + kSecond + 1), "1h0m1.000000001s");
}

TEST(Duration, ShownAsDockerDoes) {
  EXPECT_EQ(human_duration(0), "Less than a second");
  EXPECT_EQ(human_duration(kSecond), "1 second");
  EXPECT_EQ(human_duration(59 * kSecond), "59 seconds");
  EXPECT_EQ(human_duration(60 * kSecond), "About a minute");
  EXPECT_EQ(human_duration(59 * 60 * kSecond), "59 minutes");
  EXPECT_EQ(human_duration(kHour), "About an hour");
  EXPECT_EQ(human_duration(47 * kHour), "47 hours");
  EXPECT_EQ(human_duration(48 * kHour), "2 days");
  EXPECT_EQ(human_duration(15 * 24 * kHour), "2 weeks");
  EXPECT_EQ(human_duration(61 * 24 * kHour), "2 months");
  EXPECT_EQ(human_duration(800 * 24 * kHour), "2 years");
}

TEST(Size, ShownAndReadAsDockerDoes) {
  EXPECT_EQ(human_size(0), "0B");
  EXPECT_EQ(human_size(999), "999B");
  EXPECT_EQ(human_size(1234567), "1.235MB");
  EXPECT_EQ(human_size(1234567, 3), "1.23MB");
  EXPECT_EQ(human_size(5e9), "5GB");
  EXPECT_EQ(parse_ram_bytes("64m"), 67108864);
  EXPECT_EQ(parse_ram_bytes("1.5 GiB"), 1610612736);
  EXPECT_EQ(parse_ram_bytes("10KB"), 10240);
  EXPECT_EQ(parse_ram_bytes("7b"), 7);
  for (const char* bad : {"", "m", "-1m", "1x", "1bb", "1kx", "nan", "inf", "1e30", "9999999999t"}) {
    EXPECT_THROW(parse_ram_bytes(bad), Error) << bad;
  }
}

TEST(Table, ColumnsAreAlignedAsByTabwriter) {
  EXPECT_EQ(align_columns({"ID\tIMAGE\tNAME", "0123456789ab\tx\ty"}),
            "ID             IMAGE     NAME\n0123456789ab   x         y\n");
  // A line without the column ends the run: each has its own width.
  EXPECT_EQ(align_columns({"longer than that\tx", "plain", "a\tb"}), "longer than that   x\nplain\na         b\n");
}

const OrderedJson kHeaders = {{"ID", "CONTAINER ID"}, {"Names", "NAMES"}};
const std::vector<OrderedJson> kRows = {{{"Names", "web<1>"}, {"ID", "aaa"}, {"Label", {{"com.x", "v"}}}},
                                        {{"Names", "db"}, {"ID", "bbb"}, {"Label", OrderedJson::object()}}};

TEST(List, TableTemplateAndJson) {
  EXPECT_EQ(render_list("table {{.ID}}\\t{{upper .Names}}", kHeaders, kRows),
            "CONTAINER ID   NAMES\naaa            WEB<1>\nbbb            DB\n");
  EXPECT_EQ(render_list("table", kHeaders, {}), "CONTAINER ID   NAMES\n");
  EXPECT_EQ(render_list("{{.ID}}\\t{{.Names}}", kHeaders, kRows), "aaa\tweb<1>\nbbb\tdb\n");
  EXPECT_EQ(render_list("{{.Label \"com.x\"}}", kHeaders, kRows), "v\n\n");
  EXPECT_EQ(render_list("table {{.Label \"com.x\"}}", kHeaders, kRows), "com.x\nv\n\n");
  EXPECT_EQ(render_list("json", kHeaders, kRows),
            "{\"ID\":\"aaa\",\"Names\":\"web\\u003c1\\u003e\"}\n{\"ID\":\"bbb\",\"Names\":\"db\"}\n");
  EXPECT_EQ(render_list("{{json .Names}}", kHeaders, {kRows[0]}), "\"web<1>\"\n");
  EXPECT_THROW(render_list("{{.Nope}}", kHeaders, kRows), Error);
}

}  // namespace
}  // namespace minidock::format
