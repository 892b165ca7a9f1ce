// Trees to tar streams by the jailed process, read back by the host's tar. Need root, as the jail does.
#include "storage/pack/pack.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/xattr.h>

#include <cstdio>

#include "base/syscall.h"
#include "storage/pack/gzip.h"
#include "storage/unpack/decompress.h"
#include "tests/unit/storage/scratch.h"

namespace minidock::storage {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  std::string text;
  for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) text += static_cast<char>(c);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return text;
}

class PackTest : public testing::Test {
 protected:
  void make(const std::string& script) { output_of("mkdir -p " + tree() + " && cd " + tree() + " && " + script); }
  std::string tree() const { return scratch_.path() + "/tree"; }

  // The archive's path.
  std::string pack(const std::string& base, const std::string& name, const PackRules& rules = {}) {
    const Fd parent = sys::open(tree(), O_PATH | O_DIRECTORY);
    std::string path = scratch_.path() + "/archive.tar";
    const Fd output = sys::open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    PackSource source;
    source.parent = parent.get();
    source.base = base;
    source.name = name;
    source.rules = rules;
    const std::uint64_t size = Packer::start(source, output.get()).finish();
    EXPECT_EQ(size, static_cast<std::uint64_t>(sys::fstat(output.get()).st_size));
    return path;
  }
  std::string names(const std::string& base, const std::string& name, const PackRules& rules = {}) {
    return output_of("tar -tf " + pack(base, name, rules) + " 2>/dev/null");
  }

  Scratch scratch_;
};

TEST_F(PackTest, NamesOfWhatIsPacked) {
  make("mkdir -p d/e; touch d/e/f g");
  EXPECT_EQ(names("d", "d"), "d/\nd/e/\nd/e/f\n");
  EXPECT_EQ(names("d", "new"), "new/\nnew/e/\nnew/e/f\n");
  EXPECT_EQ(names("g", "x"), "x\n");
  EXPECT_EQ(names(".", "."), "./\n./d/\n./d/e/\n./d/e/f\n./g\n");
  EXPECT_EQ(names(".", "/"), "/\n/d/\n/d/e/\n/d/e/f\n/g\n");
  EXPECT_EQ(names(".", ""), "d/\nd/e/\nd/e/f\ng\n");
}

TEST_F(PackTest, MissingObject) {
  make("true");
  try {
    pack("nothing", "nothing");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.error_number(), ENOENT);
  }
}

TEST_F(PackTest, KindsOwnersAndTimes) {
  make(
      "echo x > f; chown 7:8 f; chmod 4751 f; touch -d @981173106 f; ln f g; ln -s /target l; mkfifo p; mknod c c 1 3");
  const std::string list = output_of("TZ=UTC tar -tvf " + pack(".", "") + " --numeric-owner");
  EXPECT_THAT(list, HasSubstr("-rwsr-x--x 7/8               2 2001-02-03 04:05 f\n"));
  EXPECT_THAT(list, HasSubstr(" g link to f\n"));
  EXPECT_THAT(list, HasSubstr(" l -> /target\n"));
  EXPECT_THAT(list, testing::ContainsRegex("prw[^\n]* p\n"));
  EXPECT_THAT(list, testing::ContainsRegex("crw[^\n]* 1,3 [^\n]* c\n"));
}

TEST_F(PackTest, ContentLargeSparseAndNotUtf8) {
  make(
      "head -c 3000001 /dev/urandom > big; truncate -s 1M hole; truncate -s 300k s; printf y | dd of=s bs=1 "
      "seek=200000 "
      "conv=notrunc status=none; touch $(printf 'a\\377b') $(head -c 200 /dev/zero | tr '\\0' n)");
  const std::string archive = pack(".", "");
  EXPECT_EQ(output_of("mkdir " + scratch_.path() + "/back && cd " + scratch_.path() + "/back && tar -xf " + archive +
                      " 2>/dev/null; diff -r . " + tree() + " && stat -c %b hole"),
            "0\n");
  EXPECT_LT(std::stoul(output_of("stat -c %s " + archive)), 3'100'000u);
}

TEST_F(PackTest, AttributesThatImagesKeep) {
  make("touch f");
  const std::string file = tree() + "/f";
  ASSERT_EQ(setxattr(file.c_str(), "user.colour", "blue", 4, 0), 0);
  ASSERT_EQ(setxattr(file.c_str(), "trusted.secret", "x", 1, 0), 0);
  const std::string bytes = output_of("cat " + pack("f", "f") + " | tr -d '\\0'");
  EXPECT_THAT(bytes, HasSubstr("SCHILY.xattr.user.colour=blue"));
  EXPECT_THAT(bytes, Not(HasSubstr("secret")));
  EXPECT_THAT(bytes, Not(HasSubstr("LIBARCHIVE")));
}

TEST_F(PackTest, ALayerHasWhiteoutsInTheImagesForm) {
  make("mkdir -p d/o skip; mknod d/gone c 0 0; touch d/o/f skip/f; setfattr -n trusted.overlay.opaque -v y d/o");
  PackRules rules;
  rules.as_layer = true;
  rules.excluded = {"skip"};
  const Fd upper = sys::open(tree(), O_RDONLY | O_DIRECTORY);
  rules.opaque = find_opaque_directories(upper.get());
  EXPECT_THAT(rules.opaque, testing::ElementsAre("d/o"));
  EXPECT_EQ(names(".", "", rules), "d/\nd/.wh.gone\nd/o/\nd/o/.wh..wh..opq\nd/o/f\n");
}

TEST_F(PackTest, ALayerCannotHoldAWhiteoutsName) {
  make("touch .wh.f");
  PackRules rules;
  rules.as_layer = true;
  EXPECT_THROW(pack(".", "", rules), Error);
  EXPECT_EQ(names(".", ""), ".wh.f\n");
}

TEST_F(PackTest, AReaderThatGoesAwayIsAnError) {
  make("head -c 3000000 /dev/zero | tr '\\0' x > big");
  const Fd parent = sys::open(tree(), O_PATH | O_DIRECTORY);
  Pipe pipe = sys::pipe();
  PackSource source;
  source.parent = parent.get();
  signal(SIGPIPE, SIG_IGN);
  Packer packer = Packer::start(source, pipe.write.get());
  pipe.write.reset();
  pipe.read.reset();
  try {
    packer.finish();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.error_number(), EPIPE);
  }
}

TEST(Gzip, GivesBackWhatWasCompressed) {
  std::string plain;
  for (int i = 0; i < 200'000; ++i) plain += std::to_string(i * 7919 % 10'007);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, plain.size()}) {
    std::string_view rest = std::string_view(plain).substr(0, size);
    GzipCompressor compressor([&] {
      const std::string_view piece = rest.substr(0, 100'000);
      rest.remove_prefix(piece.size());
      return piece;
    });
    std::string blob;
    for (std::string_view piece = compressor.next(); !piece.empty(); piece = compressor.next()) blob += piece;
    std::string_view left = blob;
    Decompressor decompressor([&] { return std::exchange(left, std::string_view{}); });
    std::string back;
    for (std::string_view piece = decompressor.next(); !piece.empty(); piece = decompressor.next()) back += piece;
    EXPECT_TRUE(back == plain.substr(0, size)) << size;
  }
}

}  // namespace
}  // namespace minidock::storage
