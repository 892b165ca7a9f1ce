#include "engine/log_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/format.h"
#include "base/json.h"
#include "base/syscall.h"

namespace minidock {
namespace {

constexpr std::size_t kBlock = 64 * 1024;

// Offset of the last `lines` lines of a file whose lines all end with '\n'.
off_t offset_of_tail(int fd, std::int64_t lines) {
  off_t end = sys::fstat(fd).st_size;
  if (lines <= 0) return end;
  std::string block(kBlock, '\0');
  std::int64_t seen = 0;
  while (end > 0) {
    const off_t start = end > static_cast<off_t>(kBlock) ? end - static_cast<off_t>(kBlock) : 0;
    const std::size_t got = sys::pread(fd, block.data(), static_cast<std::size_t>(end - start), start);
    for (std::size_t i = got; i > 0; --i) {
      // The line end that closes the last line is no border: the (lines + 1)-th from the end is.
      if (block[i - 1] == '\n' && ++seen > lines) return start + static_cast<off_t>(i);
    }
    end = start;
  }
  return 0;
}

std::optional<LogEntry> parse_record(std::string_view line) {
  try {
    const Json record = json::parse(line, "a log record");
    LogEntry entry;
    entry.text = json::get_string(record, "log");
    entry.is_stderr = json::get_string(record, "stream") == "stderr";
    entry.time = format::parse_rfc3339(json::get_string(record, "time"));
    return entry;
  } catch (const Error&) {
    return std::nullopt;  // half a record at the end of a full disk, or an edited file
  }
}

}  // namespace

LogReader::LogReader(const std::string& path, std::optional<std::int64_t> tail) : path_(path) {
  fd_ = sys::openat_unless(AT_FDCWD, path, O_RDONLY, 0, ENOENT);
  if (fd_ && tail) {
    if (lseek(fd_.get(), offset_of_tail(fd_.get(), *tail), SEEK_SET) < 0) throw SysError("lseek(" + path + ")");
  }
}

bool LogReader::fill() {
  if (!fd_) fd_ = sys::openat_unless(AT_FDCWD, path_, O_RDONLY, 0, ENOENT);
  if (!fd_) return false;
  buffer_.erase(0, consumed_);
  consumed_ = 0;
  const std::size_t used = buffer_.size();
  buffer_.resize(used + kBlock);
  const std::size_t got = sys::read(fd_.get(), buffer_.data() + used, kBlock);
  buffer_.resize(used + got);
  return got > 0;
}

std::optional<LogEntry> LogReader::next() {
  for (;;) {
    const std::size_t end = buffer_.find('\n', consumed_);
    if (end == std::string::npos) {
      if (!fill()) return std::nullopt;
      continue;
    }
    const std::string_view line(buffer_.data() + consumed_, end - consumed_);
    std::optional<LogEntry> entry = parse_record(line);
    consumed_ = end + 1;
    if (entry) return entry;
  }
}

}  // namespace minidock
