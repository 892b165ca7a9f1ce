#include "storage/pack/gzip.h"

#include <fmt/format.h>
#include <isa-l/igzip_lib.h>

#include <array>

#include "base/error.h"

namespace minidock::storage {

struct GzipCompressor::State {
  State() : level_buffer(std::make_unique<std::uint8_t[]>(ISAL_DEF_LVL1_DEFAULT)) {
    isal_deflate_init(&stream);
    stream.gzip_flag = IGZIP_GZIP;
    stream.level = 1;
    stream.level_buf = level_buffer.get();
    stream.level_buf_size = ISAL_DEF_LVL1_DEFAULT;
  }
  isal_zstream stream{};
  std::unique_ptr<std::uint8_t[]> level_buffer;
  std::array<std::uint8_t, 256 * 1024> output{};
};

GzipCompressor::GzipCompressor(Chunks plain) : plain_(std::move(plain)), state_(std::make_unique<State>()) {}
GzipCompressor::~GzipCompressor() = default;

std::string_view GzipCompressor::next() {
  isal_zstream& stream = state_->stream;
  if (stream.internal_state.state == ZSTATE_END) return {};
  stream.next_out = state_->output.data();
  stream.avail_out = static_cast<std::uint32_t>(state_->output.size());
  while (stream.avail_out > 0 && stream.internal_state.state != ZSTATE_END) {
    if (stream.avail_in == 0 && stream.end_of_stream == 0) {
      const std::string_view chunk = plain_();
      // The library does not write to its input.
      stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(chunk.data()));
      stream.avail_in = static_cast<std::uint32_t>(chunk.size());
      stream.end_of_stream = chunk.empty() ? 1 : 0;
    }
    if (const int result = isal_deflate(&stream); result != COMP_OK) {
      throw Error(ErrorKind::internal, fmt::format("cannot compress: ISA-L error {}", result));
    }
  }
  return {reinterpret_cast<const char*>(state_->output.data()), state_->output.size() - stream.avail_out};
}

}  // namespace minidock::storage
