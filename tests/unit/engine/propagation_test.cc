#include "engine/propagation.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace minidock {
namespace {

constexpr char kMounts[] =
    "20 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    "21 20 0:5 / /private rw - tmpfs tmpfs rw\n"
    "22 20 0:6 / /a\\040b rw master:4 - tmpfs tmpfs rw\n"
    "23 20 0:7 / /srv rw shared:9 master:4 - tmpfs tmpfs rw\n"
    "24 20 0:8 / /srv rw - tmpfs tmpfs rw\n";

std::string error_of(const std::string& source, const std::string& propagation) {
  try {
    check_propagation(source, propagation, kMounts);
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

TEST(Propagation, SharedNeedsASharedMount) {
  EXPECT_EQ(error_of("/home", "rshared"), "");
  EXPECT_EQ(error_of("/privateer", "shared"), "");
  EXPECT_EQ(error_of("/private/x", "shared"), "path /private/x is mounted on /private but it is not a shared mount");
  EXPECT_EQ(error_of("/a b/x", "rshared"), "path /a b/x is mounted on /a b but it is not a shared mount");
}

TEST(Propagation, SlaveNeedsASharedOrSlaveMount) {
  EXPECT_EQ(error_of("/home", "rslave"), "");
  EXPECT_EQ(error_of("/a b/x", "slave"), "");
  EXPECT_EQ(error_of("/private", "slave"),
            "path /private is mounted on /private but it is not a shared or slave mount");
}

TEST(Propagation, TheLastOfSeveralMountsCounts) {
  EXPECT_EQ(error_of("/srv", "rslave"), "path /srv is mounted on /srv but it is not a shared or slave mount");
}

TEST(Propagation, PrivateNeedsNothing) {
  EXPECT_EQ(error_of("/private", "rprivate"), "");
  EXPECT_EQ(error_of("/private", ""), "");
}

}  // namespace
}  // namespace minidock
