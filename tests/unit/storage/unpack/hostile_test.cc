// What a hostile layer must not do (rules R1, R7, R8).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/unpack/tar_to_directory.h"
#include "tests/unit/storage/unpack/unpack_fixture.h"

namespace minidock::storage {
namespace {

using testing::HasSubstr;

// In memory: a hundred thousand files on ext4 would measure its search for recently deleted inodes.
class HostileLayer : public UnpackTest {
 protected:
  HostileLayer() : UnpackTest("/dev/shm") {}
};

TEST_F(HostileLayer, DotDotAndAbsoluteNamesStayInside) {
  TarBuilder tar;
  tar.file("../outside/canary", "a").file("/abs/x", "b").file("a/../../../outside/y", "c").file("x/../../z", "d");
  unpack(tar);
  EXPECT_EQ(content("outside/canary"), "a");
  EXPECT_EQ(content("abs/x"), "b");
  EXPECT_EQ(content("outside/y"), "c");
  EXPECT_EQ(content("z"), "d");
  expect_outside_untouched();
}

TEST_F(HostileLayer, NothingIsWrittenThroughALink) {
  TarBuilder tar;
  tar.symlink("abs", outside_).symlink("rel", "../outside").symlink("up", "../../../../../../..");
  tar.file("abs/canary", "x").file("rel/canary", "y").file("up/etc/made-by-a-test", "z");
  // A link in the file's own place is replaced and not followed.
  tar.symlink("file", outside_ + "/canary").file("file", "own");
  tar.symlink("dir", outside_).directory("dir", {0700}).file("dir/canary", "own");
  unpack(tar);
  EXPECT_EQ(content(outside_ + "/canary"), "x") << "an absolute link leads to the layer's root";
  EXPECT_EQ(content("outside/canary"), "y");
  EXPECT_EQ(content("etc/made-by-a-test"), "z");
  EXPECT_FALSE(file::exists("/etc/made-by-a-test"));
  EXPECT_EQ(content("file"), "own");
  EXPECT_EQ(content("dir/canary"), "own");
  expect_outside_untouched();
}

TEST_F(HostileLayer, NothingIsWrittenOutsideEvenWithoutTheJail) {
  const std::string deep = "a/b/c/d";
  TarBuilder tar;
  tar.directory(deep)
      .symlink("abs", outside_)
      .symlink("rel", "../outside")
      .symlink(deep + "/up", "../../../../../outside");
  tar.file("../outside/canary", "0").file("abs/canary", "1").file("rel/canary", "2").file(deep + "/up/canary", "3");
  tar.symlink("file", outside_ + "/canary").file("file", "own").symlink("dir", outside_).directory("dir", {0700});
  tar.hardlink("hard", deep + "/up/canary").file("rel/.wh.canary").file("abs/.wh.other").file("abs/.wh..wh..opq");
  const std::string bytes = tar.finish();
  std::string_view rest = bytes;
  const Fd directory = sys::open(layer_, O_RDONLY | O_DIRECTORY);
  PathLog opaque = PathLog::create(directory.get());
  TarReader reader;
  unpack_tar(
      reader, [&] { return std::exchange(rest, std::string_view{}); }, directory.get(), {}, opaque);
  mark_opaque(directory.get(), opaque);
  EXPECT_EQ(content("outside/canary"), "3");
  expect_outside_untouched();
}

TEST_F(HostileLayer, ALinkThatReplacesADirectoryIsSeen) {
  // The directory is remembered by descriptor when the link takes its place, and the other way round.
  TarBuilder tar;
  tar.directory("d").file("d/1", "1").symlink("d", "elsewhere").file("d/2", "2");
  tar.symlink("l", "first").file("l/1", "1").symlink("l", "second").file("l/2", "2");
  unpack(tar);
  EXPECT_EQ(content("elsewhere/2"), "2");
  EXPECT_EQ(content("first/1"), "1");
  EXPECT_EQ(content("second/2"), "2");
  EXPECT_FALSE(exists("first/2"));
}

TEST_F(HostileLayer, HardLinksReachOnlyTheLayer) {
  for (const std::string& target :
       {outside_ + "/canary", std::string("../outside/canary"), std::string("/etc/passwd")}) {
    EXPECT_EQ(error_of(TarBuilder().hardlink("x", target)).kind(), ErrorKind::corrupt_data) << target;
  }
  EXPECT_EQ(error_of(TarBuilder().symlink("l", outside_).hardlink("x", "l/canary")).kind(), ErrorKind::corrupt_data);
  EXPECT_EQ(error_of(TarBuilder().directory("d").hardlink("x", "d")).kind(), ErrorKind::corrupt_data);
  EXPECT_EQ(error_of(TarBuilder().hardlink("x", "/")).kind(), ErrorKind::corrupt_data);
  EXPECT_EQ(error_of(TarBuilder().file("d/f").hardlink("d", "d/f")).kind(), ErrorKind::corrupt_data);
  // A hard link to a link is the link; writing to it replaces it.
  unpack(TarBuilder().symlink("l", outside_ + "/canary").hardlink("h", "l").file("h", "own"));
  EXPECT_EQ(content("h"), "own");
  expect_outside_untouched();
}

TEST_F(HostileLayer, AHardLinkToItselfIsNoLoss) {
  unpack(TarBuilder().file("a", "content").hardlink("a", "a"));
  EXPECT_EQ(content("a"), "content");
}

TEST_F(HostileLayer, MalformedWhiteouts) {
  for (const char* name : {".wh.", "d/.wh.", ".wh..", ".wh...", "d/.wh...", ".wh.x/y", "a/.wh.b/c"}) {
    EXPECT_EQ(error_of(TarBuilder().file(name)).kind(), ErrorKind::corrupt_data) << name;
  }
}

TEST_F(HostileLayer, ForgedAttributesAreDropped) {
  TarBuilder tar;
  tar.pax("SCHILY.xattr.trusted.overlay.opaque", "y").pax("SCHILY.xattr.user.overlay.opaque", "y").directory("d");
  tar.pax("SCHILY.xattr.trusted.overlay.redirect", "/etc").pax("SCHILY.xattr.trusted.x", "y").directory("e");
  tar.pax("SCHILY.xattr.security.selinux", "label").pax("LIBARCHIVE.xattr.trusted.overlay.metacopy", "").file("f", "x");
  unpack(tar);
  EXPECT_FALSE(xattr("d", "trusted.overlay.opaque"));
  EXPECT_FALSE(xattr("d", "user.overlay.opaque"));
  EXPECT_FALSE(xattr("e", "trusted.overlay.redirect"));
  EXPECT_FALSE(xattr("e", "trusted.x"));
  EXPECT_FALSE(xattr("f", "security.selinux"));
  EXPECT_FALSE(xattr("f", "trusted.overlay.metacopy"));
}

TEST_F(HostileLayer, TheRootCannotBeReplaced) {
  EXPECT_EQ(error_of(TarBuilder().file("..", "x")).kind(), ErrorKind::corrupt_data);
  EXPECT_EQ(error_of(TarBuilder().symlink("/", "/etc")).kind(), ErrorKind::corrupt_data);
}

TEST_F(HostileLayer, AFileIsNoParent) {
  const Error error = error_of(TarBuilder().file("a", "x").file("a/b", "y"));
  EXPECT_EQ(error.kind(), ErrorKind::corrupt_data);
  EXPECT_THAT(error.message(), HasSubstr("\"a\" is not a directory"));
}

TEST_F(HostileLayer, LinksInCircles) {
  EXPECT_EQ(error_of(TarBuilder().symlink("a", "b").symlink("b", "a").file("a/x")).kind(), ErrorKind::corrupt_data);
  EXPECT_EQ(error_of(TarBuilder().symlink("a", "a").file("a/x")).kind(), ErrorKind::corrupt_data);
}

TEST_F(HostileLayer, DepthIsLimitedAlsoThroughLinks) {
  std::string deep;
  for (int i = 0; i < 400; ++i) deep += "d/";
  EXPECT_EQ(error_of(TarBuilder().file(deep + deep + "x")).kind(), ErrorKind::corrupt_data);
  // A link half way down, and the same depth again behind it.
  EXPECT_EQ(error_of(TarBuilder().directory(deep).symlink("l", deep).file("l/" + deep + "x")).kind(),
            ErrorKind::corrupt_data);
  unpack(TarBuilder().file(deep + "x", "fine"));
}

TEST_F(HostileLayer, NamesAreLimited) {
  EXPECT_EQ(error_of(TarBuilder().file(std::string(256, 'n'))).kind(), ErrorKind::corrupt_data);
  std::string path;
  for (int i = 0; i < 25; ++i) path += std::string(200, 'n') + "/";
  EXPECT_EQ(error_of(TarBuilder().file(path + "x")).kind(), ErrorKind::corrupt_data);
  EXPECT_EQ(error_of(TarBuilder().symlink("l", std::string(5000, 't'))).kind(), ErrorKind::corrupt_data);
}

TEST_F(HostileLayer, OwnersOutOfRange) {
  EXPECT_EQ(error_of(TarBuilder().file("a", "", {0644, 4'294'967'295})).kind(), ErrorKind::corrupt_data);
  EXPECT_EQ(error_of(TarBuilder().file("a", "", {0644, 0, 4'294'967'296})).kind(), ErrorKind::corrupt_data);
}

TEST_F(HostileLayer, MessagesCarryNoControlCharacters) {
  const Error error = error_of(TarBuilder().file("\x1b[2Jx", "").file("\x1b[2Jx/y"));
  EXPECT_EQ(error.message().find('\x1b'), std::string::npos) << error.message();
  EXPECT_THAT(error.message(), HasSubstr("\\x1b"));
}

TEST_F(HostileLayer, LimitsOfSizeAndNumber) {
  UnpackLimits limits;
  limits.max_bytes = 100'000;
  limits.max_entries = 5;
  EXPECT_THAT(error_of(TarBuilder().file("a", std::string(100'001, 'x')).finish(), limits).message(),
              HasSubstr("more than 100000 bytes"));
  TarBuilder two;
  two.file("a", std::string(60'000, 'x')).file("a", std::string(60'000, 'x'));
  EXPECT_EQ(error_of(two.finish(), limits).kind(), ErrorKind::corrupt_data);
  TarBuilder many;
  for (int i = 0; i < 6; ++i) many.file(std::to_string(i));
  EXPECT_THAT(error_of(many.finish(), limits).message(), HasSubstr("more than 5 entries"));
  // Directories that are made on the way count.
  EXPECT_EQ(error_of(TarBuilder().file("a/b/c/d/e/f").finish(), limits).kind(), ErrorKind::corrupt_data);
}

TEST_F(HostileLayer, AHugeSizeInAHeaderAllocatesNothing) {
  std::string tar = TarBuilder().pax("size", "1099511627777").file("a", "x").finish();
  EXPECT_EQ(error_of(tar).kind(), ErrorKind::corrupt_data);
  tar = TarBuilder().pax("size", "1000000000000").file("a", "x").finish();
  EXPECT_EQ(error_of(tar).kind(), ErrorKind::corrupt_data);
}

TEST_F(HostileLayer, ManyWhiteoutsInDeepDirectories) {
  TarBuilder tar;
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += "d/";
  for (int i = 0; i < 100'000; ++i) tar.file(fmt::format("{}{}/.wh.{}", deep, i % 200, i));
  unpack(tar);
  EXPECT_TRUE(is_whiteout(deep + "199/99999"));
}

TEST_F(HostileLayer, DamagedAndTruncatedArchives) {
  const std::string good = TarBuilder().file("a", std::string(10'000, 'x')).file("b", "y").finish();
  EXPECT_EQ(error_of(good.substr(0, 5'000)).kind(), ErrorKind::corrupt_data) << "within content";
  EXPECT_EQ(error_of(good.substr(0, 700)).kind(), ErrorKind::corrupt_data);
  EXPECT_EQ(error_of(good.substr(0, 300)).kind(), ErrorKind::corrupt_data) << "within a header";
  EXPECT_EQ(error_of(good + "garbage").kind(), ErrorKind::corrupt_data);
  EXPECT_EQ(error_of(good + std::string(5'000'000, '\0') + "garbage").kind(), ErrorKind::corrupt_data);
  std::string wrong = good;
  wrong[10'752 + 5] = '!';  // a name: the header's checksum does not hold
  EXPECT_EQ(error_of(wrong).kind(), ErrorKind::corrupt_data);
  EXPECT_EQ(error_of("no archive at all, only some text").kind(), ErrorKind::corrupt_data);
  // tar pads to its block size.
  EXPECT_EQ(unpack(good + std::string(5'000'000, '\0')).entries, 2U);
}

TEST_F(HostileLayer, ABlobShorterThanAnnounced) {
  const std::string good = TarBuilder().file("a", "x").finish();
  file::write(scratch_.path() + "/blob", good.substr(0, 600), 0600);
  const Fd blob = sys::open(scratch_.path() + "/blob", O_RDONLY);
  const Fd directory = sys::open(layer_, O_RDONLY | O_DIRECTORY);
  Unpacker unpacker = Unpacker::start(blob.get(), directory.get(), {});
  unpacker.blob_complete(good.size());
  EXPECT_THROW(unpacker.finish(), Error);
}

}  // namespace
}  // namespace minidock::storage
