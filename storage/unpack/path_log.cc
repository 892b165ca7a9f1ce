#include "storage/unpack/path_log.h"

#include <fcntl.h>
#include <limits.h>

#include <cstdint>
#include <cstring>

#include "base/error.h"
#include "base/syscall.h"

namespace minidock::storage {
namespace {

constexpr std::size_t kBufferSize = 64 * 1024;

struct Header {
  std::int64_t seconds;
  std::uint32_t nanoseconds;
  std::uint32_t length;
};

}  // namespace

PathLog PathLog::create(int directory) { return PathLog(sys::openat(directory, ".", O_TMPFILE | O_RDWR, 0600)); }

void PathLog::append(std::string_view path, const timespec& time) {
  const Header header{time.tv_sec, static_cast<std::uint32_t>(time.tv_nsec), static_cast<std::uint32_t>(path.size())};
  buffer_.append(reinterpret_cast<const char*>(&header), sizeof header);
  buffer_.append(path);
  if (buffer_.size() >= kBufferSize) flush();
}

void PathLog::flush() {
  sys::write_all(file_.get(), buffer_);
  buffer_.clear();
}

void PathLog::for_each(const std::function<void(const std::string& path, const timespec& time)>& handle) {
  flush();
  std::string data;
  off_t offset = 0;
  for (std::size_t used = 0;;) {
    Header header{};
    const std::size_t left = data.size() - used;
    if (left >= sizeof header) std::memcpy(&header, data.data() + used, sizeof header);
    if (header.length > PATH_MAX) throw Error(ErrorKind::corrupt_data, "archive: malformed list of directories");
    if (left >= sizeof header && left - sizeof header >= header.length) {
      handle(data.substr(used + sizeof header, header.length),
             timespec{header.seconds, static_cast<long>(header.nanoseconds)});
      used += sizeof header + header.length;
      continue;
    }
    data.erase(0, used);
    used = 0;
    const std::size_t kept = data.size();
    data.resize(kept + kBufferSize);
    const std::size_t got = sys::pread(file_.get(), data.data() + kept, kBufferSize, offset);
    data.resize(kept + got);
    offset += static_cast<off_t>(got);
    if (got != 0) continue;
    if (kept != 0) throw Error(ErrorKind::corrupt_data, "archive: malformed list of directories");
    return;
  }
}

}  // namespace minidock::storage
