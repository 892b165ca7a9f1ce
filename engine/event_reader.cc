#include "engine/event_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/syscall.h"

namespace minidock {
namespace {

constexpr std::size_t kChunk = 64 * 1024;

// 0 when there is none.
ino_t inode_at(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

std::optional<shim::Event> parse(std::string_view line) {
  try {
    return shim::event_from_json(json::parse(line, "an event"));
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

EventReader::EventReader(const std::string& state_root, From from)
    : state_root_(state_root), inotify_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  if (!inotify_) throw SysError("inotify_init1");
  constexpr unsigned kWatched = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR;
  sys::checked([&] { return fmt::format("inotify_add_watch(\"{}\")", state_root); },
               [&] { return inotify_add_watch(inotify_.get(), state_root.c_str(), kWatched); });
  if (from == From::oldest) {
    if (!open(shim::old_event_file(state_root_))) open(shim::event_file(state_root_));
  } else if (open(shim::event_file(state_root_))) {
    lseek(file_.get(), 0, SEEK_END);
  }
}

bool EventReader::open(const std::string& path) {
  Fd file = sys::openat_unless(AT_FDCWD, path, O_RDONLY, 0, ENOENT);
  if (!file) return false;
  inode_ = sys::fstat(file.get()).st_ino;
  file_ = std::move(file);
  buffer_.clear();
  start_ = 0;
  return true;
}

bool EventReader::read_more() {
  if (!file_) return false;
  buffer_.erase(0, start_);
  start_ = 0;
  std::array<char, kChunk> chunk;
  const std::size_t got = sys::read(file_.get(), chunk.data(), chunk.size());
  buffer_.append(chunk.data(), got);
  return got > 0;
}

// To the file after the one that has ended; false when there is none. A file that has lost its name gets nothing more,
// so it is read to its end once more before it is left (see event_log.h).
bool EventReader::advance() {
  const std::string current = shim::event_file(state_root_);
  if (!file_) return open(current);
  if (inode_at(current) == inode_) return false;
  if (read_more()) return true;
  const std::string old = shim::old_event_file(state_root_);
  // More than one rotation since: what lies between is gone, the rest is in the old file.
  const ino_t old_inode = inode_at(old);
  return old_inode != 0 && old_inode != inode_ ? open(old) : open(current);
}

std::optional<shim::Event> EventReader::next() {
  for (;;) {
    const std::size_t end = buffer_.find('\n', start_);
    if (end == std::string::npos) {
      if (!read_more() && !advance()) return std::nullopt;
      continue;
    }
    const std::string_view line(buffer_.data() + start_, end - start_);
    start_ = end + 1;
    if (std::optional<shim::Event> event = parse(line)) return event;
  }
}

void EventReader::take_notice() {
  alignas(inotify_event) std::array<char, 4096> buffer;
  const ssize_t got = ::read(inotify_.get(), buffer.data(), buffer.size());
  if (got < 0 && errno != EAGAIN && errno != EINTR) throw SysError("read(inotify)");
  for (ssize_t at = 0; at < got;) {
    const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
    if ((event->mask & IN_IGNORED) != 0) {
      throw Error(ErrorKind::unavailable, fmt::format("the state directory {} was removed", state_root_));
    }
    at += static_cast<ssize_t>(sizeof *event + event->len);
  }
}

}  // namespace minidock
