#include "storage/unpack/decompress.h"

#include <fmt/format.h>
#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include "base/error.h"

namespace minidock::storage {
namespace {

constexpr std::size_t kOutputSize = 1 << 20;
// The largest window that zstd writes without --long: what every decoder of images takes.
constexpr int kZstdWindowLog = 27;

[[noreturn]] void corrupt(std::string_view what) {
  throw Error(ErrorKind::corrupt_data, fmt::format("archive: {}", what));
}

constexpr std::string_view kGzipMagic("\x1f\x8b", 2);
constexpr std::string_view kZstdMagic("\x28\xb5\x2f\xfd", 4);
constexpr std::string_view kZstdSkippableMagic("\x2a\x4d\x18", 3);  // after a byte 0x50 to 0x5f

bool is_zstd(std::string_view bytes) {
  if (bytes.starts_with(kZstdMagic)) return true;
  return bytes.size() >= 4 && (bytes[0] & 0xf0) == 0x50 && bytes.substr(1, 3) == kZstdSkippableMagic;
}

}  // namespace

// One compression: takes from `input`, fills `output`, and gives the number of bytes written.
class Decompressor::Codec {
 public:
  virtual ~Codec() = default;
  virtual std::size_t run(std::string_view& input, char* output, std::size_t room) = 0;
  // Whether the compressed data may end here.
  virtual bool at_end() const = 0;
};

class Decompressor::Plain : public Codec {
 public:
  std::size_t run(std::string_view& input, char* output, std::size_t room) override {
    const std::size_t size = input.copy(output, room);
    input.remove_prefix(size);
    return size;
  }
  bool at_end() const override { return true; }
};

class Decompressor::Gzip : public Codec {
 public:
  Gzip() { begin_member(); }

  std::size_t run(std::string_view& input, char* output, std::size_t room) override {
    if (state_.block_state == ISAL_BLOCK_FINISH && !in_header_) {
      if (input.empty()) return 0;
      begin_member();
    }
    // The library takes 32 bits; chunks are far smaller.
    state_.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(input.data()));
    state_.avail_in = static_cast<std::uint32_t>(input.size());
    state_.next_out = reinterpret_cast<std::uint8_t*>(output);
    state_.avail_out = static_cast<std::uint32_t>(room);
    int result = ISAL_DECOMP_OK;
    if (in_header_) {
      result = isal_read_gzip_header(&state_, &header_);
      if (result == ISAL_DECOMP_OK) in_header_ = false;
    }
    if (!in_header_) result = isal_inflate(&state_);
    started_ = started_ || state_.avail_in != input.size();
    input.remove_prefix(input.size() - state_.avail_in);
    if (result != ISAL_DECOMP_OK && result != ISAL_END_INPUT && result != ISAL_OUT_OVERFLOW) {
      corrupt(result == ISAL_INCORRECT_CHECKSUM ? "wrong gzip checksum" : "damaged gzip data");
    }
    return room - state_.avail_out;
  }

  bool at_end() const override {
    return (!in_header_ && state_.block_state == ISAL_BLOCK_FINISH) || (in_header_ && !started_);
  }

 private:
  void begin_member() {
    isal_inflate_init(&state_);
    state_.crc_flag = ISAL_GZIP_NO_HDR_VER;
    isal_gzip_header_init(&header_);
    in_header_ = true;
    started_ = false;
  }

  inflate_state state_;
  isal_gzip_header header_;
  bool in_header_ = true;
  bool started_ = false;  // a byte of the member's header was taken
};

class Decompressor::Zstd : public Codec {
 public:
  Zstd() : context_(ZSTD_createDCtx()) {
    if (!context_) throw std::bad_alloc();
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kZstdWindowLog);
  }

  std::size_t run(std::string_view& input, char* output, std::size_t room) override {
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{output, room, 0};
    const std::size_t result = ZSTD_decompressStream(context_.get(), &out, &in);
    if (ZSTD_isError(result) != 0) corrupt(fmt::format("damaged zstd data: {}", ZSTD_getErrorName(result)));
    if (in.pos != 0 || out.pos != 0) frame_ended_ = result == 0;
    input.remove_prefix(in.pos);
    return out.pos;
  }
  bool at_end() const override { return frame_ended_; }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
  };
  std::unique_ptr<ZSTD_DCtx, Free> context_;
  bool frame_ended_ = false;
};

Decompressor::Decompressor(Chunks compressed)
    : compressed_(std::move(compressed)), output_(std::make_unique<char[]>(kOutputSize)) {}

Decompressor::~Decompressor() = default;

bool Decompressor::refill() {
  if (ended_) return false;
  input_ = compressed_();
  consumed_ += input_.size();
  ended_ = input_.empty();
  return !ended_;
}

std::unique_ptr<Decompressor::Codec> Decompressor::detect() const {
  if (input_.starts_with(kGzipMagic)) return std::make_unique<Gzip>();
  if (is_zstd(input_)) return std::make_unique<Zstd>();
  if (input_.starts_with("BZh")) throw Error(ErrorKind::unsupported, "archive: bzip2 compression is not supported");
  if (input_.starts_with(std::string_view("\xfd"
                                          "7zXZ\0",
                                          6))) {
    throw Error(ErrorKind::unsupported, "archive: xz compression is not supported");
  }
  return std::make_unique<Plain>();
}

std::string_view Decompressor::next() {
  if (!codec_) {
    if (!refill()) return {};
    codec_ = detect();
  }
  std::size_t used = 0;
  while (used < kOutputSize) {
    const std::size_t offered = input_.size();
    const std::size_t written = codec_->run(input_, output_.get() + used, kOutputSize - used);
    used += written;
    // Output that was still inside the codec comes before more input is asked for.
    if (written != 0 || (input_.size() != offered && !input_.empty())) continue;
    if (!input_.empty()) corrupt("damaged compressed data");
    if (refill()) continue;
    if (!codec_->at_end()) corrupt("unexpected end of the compressed data");
    break;
  }
  return {output_.get(), used};
}

}  // namespace minidock::storage
