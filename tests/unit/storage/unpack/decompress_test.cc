#include "storage/unpack/decompress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include "tests/unit/storage/unpack/unpack_fixture.h"

namespace minidock::storage {
namespace {

using testing::HasSubstr;

std::string gzip(std::string_view data) {
  std::string result(data.size() + data.size() / 8 + 1024, '\0');
  isal_zstream stream;
  isal_deflate_stateless_init(&stream);
  stream.gzip_flag = IGZIP_GZIP;
  stream.end_of_stream = 1;
  stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<std::uint32_t>(data.size());
  stream.next_out = reinterpret_cast<std::uint8_t*>(result.data());
  stream.avail_out = static_cast<std::uint32_t>(result.size());
  EXPECT_EQ(isal_deflate_stateless(&stream), COMP_OK);
  result.resize(stream.total_out);
  return result;
}

std::string zstd(std::string_view data) {
  std::string result(ZSTD_compressBound(data.size()), '\0');
  result.resize(ZSTD_compress(result.data(), result.size(), data.data(), data.size(), 3));
  return result;
}

std::string varied(std::size_t size) {
  std::string data;
  std::uint32_t state = 1;
  while (data.size() < size) data += std::to_string(state = state * 1664525U + 1013904223U);
  data.resize(size);
  return data;
}

// In pieces of `step` bytes, as they may come from the network.
std::string decompress(const std::string& blob, std::size_t step) {
  std::string_view rest = blob;
  Decompressor decompressor([&] {
    const std::string_view piece = rest.substr(0, step);
    rest.remove_prefix(piece.size());
    return piece;
  });
  std::string result;
  for (std::string_view chunk = decompressor.next(); !chunk.empty(); chunk = decompressor.next()) result += chunk;
  EXPECT_EQ(decompressor.consumed(), blob.size());
  return result;
}

ErrorKind kind_of(const std::string& blob, std::size_t step) {
  try {
    decompress(blob, step);
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "accepted";
  return ErrorKind::internal;
}

class DecompressorTest : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Steps, DecompressorTest, testing::Values(7, 4096, 10'000'000));

TEST_P(DecompressorTest, GivesBackWhatWasCompressed) {
  for (const std::size_t size : {0U, 1U, 511U, 70'000U, 3'000'000U}) {
    const std::string data = varied(size);
    EXPECT_TRUE(decompress(gzip(data), GetParam()) == data) << size;
    EXPECT_TRUE(decompress(zstd(data), GetParam()) == data) << size;
    EXPECT_TRUE(decompress(data, GetParam()) == data) << size;
  }
}

TEST_P(DecompressorTest, ConcatenatedPartsAreOne) {
  const std::string a = varied(100'000);
  const std::string b = varied(5);
  EXPECT_TRUE(decompress(gzip(a) + gzip("") + gzip(b), GetParam()) == a + b);
  const std::string skippable("\x50\x2a\x4d\x18\x03\x00\x00\x00xyz", 11);
  EXPECT_TRUE(decompress(zstd(a) + skippable + zstd(b) + skippable, GetParam()) == a + b);
}

TEST_P(DecompressorTest, TruncationIsSeen) {
  const std::string data = varied(50'000);
  for (const std::string& blob : {gzip(data), zstd(data), gzip(data) + gzip(data)}) {
    for (const std::size_t missing : {1U, 4U, 8U, 9U, 1000U}) {
      EXPECT_EQ(kind_of(blob.substr(0, blob.size() - missing), GetParam()), ErrorKind::corrupt_data) << missing;
    }
  }
  EXPECT_EQ(kind_of(gzip(data) + gzip(data).substr(0, 5), GetParam()), ErrorKind::corrupt_data);
  EXPECT_EQ(kind_of(gzip(data).substr(0, 8), GetParam()), ErrorKind::corrupt_data);
}

TEST_P(DecompressorTest, TrailingGarbageIsSeen) {
  for (const std::string& garbage : {std::string("garbage"), std::string(20, '\0'), std::string("x")}) {
    EXPECT_EQ(kind_of(gzip("data") + garbage, GetParam()), ErrorKind::corrupt_data);
    EXPECT_EQ(kind_of(zstd("data") + garbage, GetParam()), ErrorKind::corrupt_data);
  }
}

TEST_P(DecompressorTest, DamageIsSeen) {
  const std::string data = varied(50'000);
  std::string blob = gzip(data);
  blob[blob.size() - 6] = static_cast<char>(blob[blob.size() - 6] ^ 1);  // the checksum
  EXPECT_EQ(kind_of(blob, GetParam()), ErrorKind::corrupt_data);
}

TEST_P(DecompressorTest, OtherCompressionsAreNamed) {
  EXPECT_EQ(kind_of("BZh91AY&SY", 100), ErrorKind::unsupported);
  EXPECT_EQ(kind_of(std::string("\xfd"
                                "7zXZ\0\0\4",
                                8),
                    100),
            ErrorKind::unsupported);
}

TEST_F(UnpackTest, CompressedLayers) {
  const std::string tar = TarBuilder().file("a", varied(3'000'000)).finish();
  const UnpackedLayer plain = unpack(tar);
  EXPECT_EQ(unpack(gzip(tar)).diff_id, plain.diff_id);
  EXPECT_EQ(content("a"), varied(3'000'000));
  EXPECT_EQ(unpack(zstd(tar)).diff_id, plain.diff_id);
  EXPECT_EQ(content("a"), varied(3'000'000));
  EXPECT_EQ(error_of(gzip(tar).substr(0, 500'000)).kind(), ErrorKind::corrupt_data);
}

TEST_F(UnpackTest, ABombIsStoppedByItsRatio) {
  UnpackLimits limits;
  limits.max_ratio = 50;
  const std::string tar = TarBuilder().file("zeros", std::string(100 << 20, '\0')).finish();
  EXPECT_THAT(error_of(gzip(tar), limits).message(), HasSubstr("more than 50 times its size"));
}

}  // namespace
}  // namespace minidock::storage
