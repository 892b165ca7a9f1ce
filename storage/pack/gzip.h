#pragma once

#include <memory>
#include <string_view>

#include "storage/unpack/stream.h"

namespace minidock::storage {

// One gzip member of what `plain` gives; without a time, so that the same bytes give the same blob.
class GzipCompressor {
 public:
  explicit GzipCompressor(Chunks plain);
  ~GzipCompressor();
  GzipCompressor(const GzipCompressor&) = delete;
  GzipCompressor& operator=(const GzipCompressor&) = delete;

  // The next compressed bytes, valid until the next call; empty at the end.
  std::string_view next();

 private:
  struct State;
  Chunks plain_;
  std::unique_ptr<State> state_;
};

}  // namespace minidock::storage
