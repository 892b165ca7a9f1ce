// gzip (concatenated members included), zstd (frames and skippable frames) or no compression, told by the first bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "storage/unpack/stream.h"

namespace minidock::storage {

class Decompressor {
 public:
  explicit Decompressor(Chunks compressed);
  ~Decompressor();
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  // A chunk is of full size (a multiple of 512) except for the last. Damaged, truncated or trailing bytes are
  // ErrorKind::corrupt_data, another compression is ErrorKind::unsupported.
  std::string_view next();
  // Compressed bytes taken so far.
  std::uint64_t consumed() const { return consumed_; }

 private:
  class Codec;
  class Plain;
  class Gzip;
  class Zstd;
  bool refill();
  std::unique_ptr<Codec> detect() const;

  Chunks compressed_;
  std::string_view input_;
  std::uint64_t consumed_ = 0;
  std::unique_ptr<Codec> codec_;
  std::unique_ptr<char[]> output_;
  bool ended_ = false;
};

}  // namespace minidock::storage
