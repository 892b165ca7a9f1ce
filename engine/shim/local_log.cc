#include "engine/shim/local_log.h"

#include <array>
#include <bit>
#include <cstring>

#include "base/syscall.h"

namespace minidock::shim {
namespace {

constexpr std::size_t kMaxBatch = 64 * 1024;

constexpr std::uint8_t kStderr = 1;
constexpr std::uint8_t kGoesOn = 2;

static_assert(std::endian::native == std::endian::little, "numbers are copied as they are");

template <typename Number>
void put(Number number, std::string& out) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

template <typename Number>
Number get(const char* from) {
  Number number;
  std::memcpy(&number, from, sizeof number);
  return number;
}

bool is_body_size(std::uint32_t size) { return size >= kLocalBodyHeader && size <= kMaxLocalBody; }

off_t whole_size(std::uint32_t body) { return static_cast<off_t>(body + 2 * kLocalSizeField); }

std::uint32_t read_size(int fd, off_t offset) {
  std::array<char, kLocalSizeField> field{};
  const std::size_t got = sys::pread(fd, field.data(), field.size(), offset);
  return got == field.size() ? decode_local_size(field.data()) : 0;
}

bool ends_with_whole_record(int fd, off_t size) {
  if (size < static_cast<off_t>(kLocalSizeField)) return size == 0;
  const std::uint32_t body = read_size(fd, size - static_cast<off_t>(kLocalSizeField));
  return is_body_size(body) && size >= whole_size(body) && read_size(fd, size - whole_size(body)) == body;
}

// From the beginning up to the last record that is whole; only needed after a shim was killed while it wrote.
off_t whole_records(int fd, off_t size) {
  if (ends_with_whole_record(fd, size)) return size;
  off_t offset = 0;
  for (;;) {
    const std::uint32_t body = read_size(fd, offset);
    const off_t next = offset + whole_size(body);
    if (!is_body_size(body) || next > size) return offset;
    if (read_size(fd, next - static_cast<off_t>(kLocalSizeField)) != body) return offset;
    offset = next;
  }
}

}  // namespace

std::uint32_t decode_local_size(const char* field) { return get<std::uint32_t>(field); }

LocalEntry decode_local_body(std::string_view body) {
  LocalEntry entry;
  entry.time = get<std::int64_t>(body.data());
  const auto flags = static_cast<std::uint8_t>(body[sizeof entry.time]);
  entry.is_stderr = (flags & kStderr) != 0;
  entry.goes_on = (flags & kGoesOn) != 0;
  entry.text = body.substr(kLocalBodyHeader);
  return entry;
}

LocalLog::LocalLog(const std::string& path, FileLimits limits) : file_(path, std::move(limits), whole_records) {}

void LocalLog::append(LogStream stream, std::string_view text, std::int64_t time) noexcept {
  std::uint8_t flags = stream == LogStream::err ? kStderr : 0;
  if (text.ends_with('\n')) {
    text.remove_suffix(1);
  } else {
    flags |= kGoesOn;
  }
  if (batch_.capacity() == 0) batch_.reserve(kMaxBatch + kMaxLocalBody + 2 * kLocalSizeField);
  const auto size = static_cast<std::uint32_t>(kLocalBodyHeader + text.size());
  put(size, batch_);
  put(time, batch_);
  put(flags, batch_);
  batch_ += text;
  put(size, batch_);
  if (batch_.size() > kMaxBatch || file_.full_with(batch_.size())) flush();
}

void LocalLog::flush() noexcept {
  if (batch_.empty()) return;
  file_.append(batch_);
  batch_.clear();
}

}  // namespace minidock::shim
