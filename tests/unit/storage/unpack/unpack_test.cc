// What a well-behaved layer becomes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "tests/unit/storage/unpack/unpack_fixture.h"

namespace minidock::storage {
namespace {

std::string sha256(std::string_view data) {
  std::array<unsigned char, 32> bytes{};
  EVP_Digest(data.data(), data.size(), bytes.data(), nullptr, EVP_sha256(), nullptr);
  std::string text = "sha256:";
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

TEST_F(UnpackTest, FilesKeepContentOwnerModeAndTime) {
  TarBuilder tar;
  tar.directory("bin/", {02755, 7, 8, 1'600'000'000});
  tar.file("bin/su", "program", {04755, 0, 0, 1'500'000'000}).file("bin/big", std::string(3'000'000, 'x'), {0640});
  tar.file("far", "", {0600, 4'294'967'294, 4'000'000'000});
  const UnpackedLayer layer = unpack(tar);
  EXPECT_EQ(layer.diff_id, sha256(tar.finish()));
  EXPECT_EQ(layer.size, 3'000'007U);
  EXPECT_EQ(layer.entries, 4U);
  EXPECT_EQ(content("bin/su"), "program");
  EXPECT_EQ(status("bin/su").st_mode, S_IFREG | 04755U);
  EXPECT_EQ(status("bin/su").st_gid, 0U) << "the group came from the directory";
  EXPECT_EQ(status("bin/su").st_mtime, 1'500'000'000);
  EXPECT_EQ(content("bin/big"), std::string(3'000'000, 'x'));
  EXPECT_EQ(status("bin/big").st_mode, S_IFREG | 0640U);
  EXPECT_EQ(status("bin").st_mode, S_IFDIR | 02755U);
  EXPECT_EQ(status("bin").st_uid, 7U);
  EXPECT_EQ(status("bin").st_gid, 8U);
  EXPECT_EQ(status("bin").st_mtime, 1'600'000'000) << "the time was set before the last file in it";
  EXPECT_EQ(status("far").st_uid, 4'294'967'294U);
  EXPECT_EQ(status("far").st_gid, 4'000'000'000U);
}

TEST_F(UnpackTest, TheRootEntryIsTheLayersDirectory) {
  unpack(TarBuilder().directory("./", {0711, 5, 6, 1'000'000'000}).file("./a"));
  EXPECT_EQ(status("").st_mode, S_IFDIR | 0711U);
  EXPECT_EQ(status("").st_uid, 5U);
  EXPECT_EQ(status("").st_mtime, 1'000'000'000);
}

TEST_F(UnpackTest, EmptyLayers) {
  const std::string zeros(1024, '\0');
  EXPECT_EQ(unpack(zeros).diff_id, sha256(zeros));
  EXPECT_EQ(unpack("").diff_id, sha256(""));
  EXPECT_EQ(unpack("").entries, 0U);
}

TEST_F(UnpackTest, LinksAndSpecialFiles) {
  TarBuilder tar;
  tar.file("a", "one file").hardlink("b", "a").hardlink("deep/c", "./a").symlink("s", "/etc/passwd");
  tar.hardlink("s2", "s").node("pipe", '6', 0, 0, 0622).node("null", '3', 1, 3, 0666).node("disk", '4', 8, 1, 0660);
  unpack(tar);
  EXPECT_EQ(status("a").st_nlink, 3U);
  EXPECT_EQ(content("deep/c"), "one file");
  EXPECT_EQ(sys::readlinkat(AT_FDCWD, path("s")), "/etc/passwd");
  EXPECT_EQ(sys::readlinkat(AT_FDCWD, path("s2")), "/etc/passwd");
  EXPECT_EQ(status("s").st_mtime, 1'700'000'000);
  EXPECT_EQ(status("pipe").st_mode, S_IFIFO | 0622U);
  EXPECT_EQ(status("null").st_mode, S_IFCHR | 0666U);
  EXPECT_EQ(status("null").st_rdev, makedev(1, 3));
  EXPECT_EQ(status("disk").st_mode, S_IFBLK | 0660U);
  EXPECT_EQ(status("disk").st_rdev, makedev(8, 1));
}

TEST_F(UnpackTest, LongNames) {
  std::string deep;
  for (int i = 0; i < 30; ++i) deep += std::string(100, static_cast<char>('a' + i % 26)) + "/";
  const std::string target(3000, 't');
  unpack(TarBuilder().file(deep + "file", "far below").symlink("link", target));
  EXPECT_EQ(content(deep + "file"), "far below");
  EXPECT_EQ(sys::readlinkat(AT_FDCWD, path("link")), target);
}

TEST_F(UnpackTest, NamesOfPaxAreBytes) {
  TarBuilder tar;
  tar.pax("path", "gr\xc3\xbc\xc3\x9f").file("short", "utf-8");
  tar.file("raw-\xff", "latin-1");
  unpack(tar);
  EXPECT_EQ(content("gr\xc3\xbc\xc3\x9f"), "utf-8");
  EXPECT_EQ(content("raw-\xff"), "latin-1");
}

TEST_F(UnpackTest, PaxTimesAndOwners) {
  TarBuilder tar;
  tar.pax("mtime", "1600000000.123456789").pax("uid", "3000000000").file("a");
  unpack(tar);
  EXPECT_EQ(status("a").st_mtim.tv_nsec, 123'456'789);
  EXPECT_EQ(status("a").st_uid, 3'000'000'000U);
}

TEST_F(UnpackTest, ExtendedAttributes) {
  // cap_net_bind_service=ep, version 2.
  const std::string capability("\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20);
  TarBuilder tar;
  tar.pax("SCHILY.xattr.security.capability", capability).pax("SCHILY.xattr.user.note", std::string("a\0b", 3));
  tar.file("server", "x", {0755, 33, 33});
  tar.pax("LIBARCHIVE.xattr.user.other", "Y29udGVudA").directory("dir");
  unpack(tar);
  EXPECT_EQ(xattr("server", "security.capability"), capability);
  EXPECT_EQ(xattr("server", "user.note"), std::string("a\0b", 3));
  EXPECT_EQ(xattr("dir", "user.other"), "content");
}

TEST_F(UnpackTest, SparseFilesStaySparse) {
  // PAX format 1.0: the map is in front of the data; 1 KiB of data in a file of 1 GiB.
  std::string map = "1\n536870912\n1024\n";
  map.resize(512);
  const std::string data(1024, 'd');
  TarBuilder tar;
  tar.pax("GNU.sparse.major", "1").pax("GNU.sparse.minor", "0").pax("GNU.sparse.name", "sparse");
  tar.pax("GNU.sparse.realsize", "1073741824").file("GNUSparseFile.0/sparse", map + data);
  unpack(tar);
  EXPECT_EQ(status("sparse").st_size, 1 << 30);
  EXPECT_LT(status("sparse").st_blocks, 100);
  const Fd file = sys::open(path("sparse"), O_RDONLY);
  std::string read(1024, '\0');
  sys::pread(file.get(), read.data(), read.size(), 536870912);
  EXPECT_EQ(read, data);
}

TEST_F(UnpackTest, LaterEntriesReplaceEarlierOnes) {
  TarBuilder tar;
  tar.file("file", "first").file("file", "second");
  tar.directory("tree").file("tree/inner").file("tree", "now a file");
  tar.symlink("link", "tree").directory("link").file("link/inner", "in a directory");
  tar.directory("merged", {0700}).file("merged/kept", "kept").directory("merged", {0750});
  unpack(tar);
  EXPECT_EQ(content("file"), "second");
  EXPECT_EQ(content("tree"), "now a file");
  EXPECT_EQ(content("link/inner"), "in a directory");
  EXPECT_TRUE(S_ISDIR(status("link").st_mode));
  EXPECT_EQ(content("merged/kept"), "kept");
  EXPECT_EQ(status("merged").st_mode, S_IFDIR | 0750U);
}

TEST_F(UnpackTest, DirectoriesWithoutEntryAreMade) {
  TarBuilder tar;
  tar.directory("group", {02775, 0, 50}).file("group/made/file", "x").file("a/b/c", "y");
  unpack(tar);
  EXPECT_EQ(status("a/b").st_mode, S_IFDIR | 0755U);
  EXPECT_EQ(status("group/made").st_mode, S_IFDIR | 0755U);
  EXPECT_EQ(status("group/made").st_gid, 0U);
}

TEST_F(UnpackTest, EntriesBelowALinkGoToItsTarget) {
  TarBuilder tar;
  tar.directory("usr").symlink("lib", "usr/lib").symlink("run", "/var/run");
  tar.file("lib/a", "through a relative link").file("run/b", "through an absolute link");
  unpack(tar);
  EXPECT_EQ(content("usr/lib/a"), "through a relative link");
  EXPECT_EQ(content("var/run/b"), "through an absolute link");
}

TEST_F(UnpackTest, WhiteoutsBecomeThoseOfOverlayfs) {
  TarBuilder tar;
  tar.directory("etc").file("etc/.wh.gone").file(".wh.gone-too");
  tar.directory("fresh").file("fresh/.wh..wh..opq").file("fresh/new", "x");
  tar.file(".wh..wh.plnk/1.2", "aufs").file(".wh..wh.aufs");
  unpack(tar);
  EXPECT_TRUE(is_whiteout("etc/gone"));
  EXPECT_TRUE(is_whiteout("gone-too"));
  EXPECT_FALSE(exists("etc/.wh.gone"));
  EXPECT_TRUE(is_opaque("fresh"));
  EXPECT_FALSE(is_opaque("etc"));
  EXPECT_EQ(content("fresh/new"), "x");
  EXPECT_FALSE(exists("fresh/.wh..wh..opq"));
  EXPECT_FALSE(exists(".wh..wh.plnk"));
  EXPECT_FALSE(exists(".wh..wh.aufs"));
}

TEST_F(UnpackTest, AWhiteoutHidesOnlyLowerLayers) {
  TarBuilder tar;
  tar.file("file", "kept").file(".wh.file");
  tar.directory("before").file("before/x", "kept").file(".wh.before");
  tar.file(".wh.after").directory("after").file("after/x", "kept");
  tar.file(".wh.implied").file("implied/x", "kept");
  tar.file(".wh.plain").file("plain", "kept");
  unpack(tar);
  EXPECT_EQ(content("file"), "kept");
  for (const char* name : {"before", "after", "implied"}) {
    const std::string directory = name;
    EXPECT_EQ(content(directory + "/x"), "kept") << directory;
    EXPECT_TRUE(is_opaque(directory)) << directory;
  }
  EXPECT_EQ(content("plain"), "kept");
}

TEST_F(UnpackTest, AnOpaqueDirectoryMayBeReplacedLater) {
  TarBuilder tar;
  tar.directory("d").file("d/.wh..wh..opq").file("d", "a file now");
  unpack(tar);
  EXPECT_EQ(content("d"), "a file now");
}

TEST_F(UnpackTest, ABlobThatIsStillGrowing) {
  TarBuilder tar;
  for (int i = 0; i < 50; ++i)
    tar.file("file" + std::to_string(i), std::string(40'000, static_cast<char>('a' + i % 26)));
  const std::string bytes = tar.finish();
  const Fd blob = sys::open(scratch_.path() + "/blob", O_RDWR | O_CREAT, 0600);
  const Fd directory = sys::open(layer_, O_RDONLY | O_DIRECTORY);
  Unpacker unpacker = Unpacker::start(blob.get(), directory.get(), {});
  for (std::size_t done = 0; done < bytes.size();) {
    const std::string_view part = std::string_view(bytes).substr(done, 70'001);
    sys::write_all(blob.get(), part);
    done += part.size();
    unpacker.blob_grew(done);
    unpacker.blob_grew(done / 2);  // late news from another thread
  }
  unpacker.blob_complete(bytes.size());
  EXPECT_EQ(unpacker.finish().diff_id, sha256(bytes));
  EXPECT_EQ(content("file49"), std::string(40'000, 'x'));
}

TEST_F(UnpackTest, SeveralSideBySide) {
  TarBuilder tar;
  for (int i = 0; i < 20; ++i) tar.file("file" + std::to_string(i), std::string(100'000, 'x'));
  const std::string bytes = tar.finish();
  file::write(scratch_.path() + "/blob", bytes, 0600);
  const Fd blob = sys::open(scratch_.path() + "/blob", O_RDONLY);
  std::vector<Unpacker> unpackers;
  std::vector<Fd> directories;
  for (int i = 0; i < 5; ++i) {
    file::make_directories(layer_ + std::to_string(i), 0755);
    directories.push_back(sys::open(layer_ + std::to_string(i), O_RDONLY | O_DIRECTORY));
    unpackers.push_back(Unpacker::start(blob.get(), directories.back().get(), {}));
  }
  for (Unpacker& unpacker : unpackers) unpacker.blob_complete(bytes.size());
  for (Unpacker& unpacker : unpackers) EXPECT_EQ(unpacker.finish().diff_id, sha256(bytes));
}

TEST_F(UnpackTest, AnAbandonedWorkerEnds) {
  const Fd blob = sys::open(scratch_.path() + "/blob", O_RDWR | O_CREAT, 0600);
  const Fd directory = sys::open(layer_, O_RDONLY | O_DIRECTORY);
  { const Unpacker unpacker = Unpacker::start(blob.get(), directory.get(), {}); }
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
  EXPECT_EQ(errno, ECHILD);
}

}  // namespace
}  // namespace minidock::storage
