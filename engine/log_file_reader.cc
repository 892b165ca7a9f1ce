// Reads a log file through its rotated predecessors, and on while it is written, rotated, compressed and emptied.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <deque>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/process.h"
#include "base/rotated_files.h"
#include "base/syscall.h"
#include "engine/log_reader.h"

namespace minidock {
namespace {

constexpr std::size_t kBlock = 64 * 1024;

// One file of the log. It stays the same file when it is renamed, and can be read to its end when it is removed.
struct Segment {
  Fd fd;
  bool compressed = false;
  off_t start = 0;        // plain: where to begin
  std::int64_t skip = 0;  // compressed: entries to leave out
};

// Of the file that it was before it was compressed.
std::optional<ino_t> inode_of(const Segment& segment) {
  if (segment.compressed) return rotated_files::original_inode(segment.fd.get());
  return sys::fstat(segment.fd.get()).st_ino;
}

// ---- bytes of a compressed segment, through minidock-image

class Decompression {
 public:
  explicit Decompression(int compressed) {
    Pipe pipe = sys::pipe();
    const Fd null = sys::open("/dev/null", O_WRONLY);
    process::SpawnOptions options;
    options.program = process::find_companion("minidock-image");
    options.arguments = {options.program, "read-log"};
    options.fds = {{compressed, 0}, {pipe.write.get(), 1}, {null.get(), 2}};
    pid_ = process::spawn(options);
    text_ = std::move(pipe.read);
  }
  Decompression(const Decompression&) = delete;
  Decompression& operator=(const Decompression&) = delete;
  ~Decompression() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  // 0 at the end of the text.
  std::size_t read(char* space, std::size_t size) {
    const std::size_t got = sys::read(text_.get(), space, size);
    if (got == 0 && pid_ != 0 && process::exit_code(sys::waitpid(std::exchange(pid_, 0))) != 0) {
      throw Error(ErrorKind::corrupt_data, "a compressed file of the log is damaged");
    }
    return got;
  }

 private:
  pid_t pid_ = 0;
  Fd text_;
};

std::int64_t count_entries(LogFormat format, int compressed) {
  Decompression text(compressed);
  std::string buffer;
  std::int64_t count = 0;
  for (;;) {
    const std::size_t used = buffer.size();
    buffer.resize(used + kBlock);
    const std::size_t got = text.read(buffer.data() + used, kBlock);
    buffer.resize(used + got);
    std::string_view rest = buffer;
    while (const std::size_t size = entry_size(format, rest)) {
      rest.remove_prefix(size);
      ++count;
    }
    buffer.erase(0, buffer.size() - rest.size());
    if (got == 0) break;
  }
  if (::lseek(compressed, 0, SEEK_SET) < 0) throw SysError("lseek() of a log");
  return count;
}

// ---- bytes of a plain segment

// A file that is appended to. What was read last is looked at again with each reading: when it is not there any more,
// the file was emptied meanwhile, however much it has grown since.
class GrowingFile {
 public:
  GrowingFile(int fd, off_t offset) : fd_(fd), offset_(offset) {
    const off_t known = std::min<off_t>(offset, kRemembered);
    last_.resize(static_cast<std::size_t>(known));
    last_.resize(sys::pread(fd, last_.data(), last_.size(), offset - known));
  }

  struct Piece {
    std::string_view data;     // until the next call
    bool was_emptied = false;  // the data begins the file anew
  };
  Piece read() {
    const Piece piece = read_at();
    if (!piece.was_emptied) return piece;
    offset_ = 0;
    last_.clear();
    return {read_at().data, true};
  }

 private:
  Piece read_at() {
    const std::size_t known = last_.size();
    const std::size_t got = sys::pread(fd_, block_.data(), block_.size(), offset_ - static_cast<off_t>(known));
    if (got < known || std::string_view(block_.data(), known) != last_) return {{}, true};
    const std::string_view read(block_.data(), got);
    offset_ += static_cast<off_t>(got - known);
    last_ = read.substr(read.size() - std::min(read.size(), kRemembered));
    return {read.substr(known), false};
  }

  static constexpr std::size_t kRemembered = 64;  // an entry's time is in it
  int fd_;
  off_t offset_;
  std::string last_;  // what stands before offset_
  std::array<char, kRemembered + kBlock> block_;
};

// ---- the log

class LogFileReader : public LogReader {
 public:
  LogFileReader(LogFormat format, std::string path, const LogQuery& query)
      : format_(format), path_(std::move(path)), follow_(query.follow) {
    if (follow_) watch();
    open_newer(std::nullopt);
    if (query.tail) seek_tail(*query.tail);
    advance();
  }

  std::optional<LogEntry> next() override {
    for (;;) {
      const std::string_view rest = std::string_view(buffer_).substr(consumed_);
      const std::size_t size = entry_size(format_, rest);
      if (size == 0) {
        if (!fill()) return std::nullopt;
        continue;
      }
      consumed_ += size;
      if (skip_ > 0) {
        --skip_;
        continue;
      }
      if (std::optional<LogEntry> entry = decode_entry(format_, rest.substr(0, size))) return entry;
    }
  }

  int news() const override { return inotify_.get(); }

 private:
  void watch();
  void forget_news() const;
  void open_newer(std::optional<ino_t> than);
  void seek_tail(std::int64_t wanted);
  bool fill();
  bool read_more();
  void take(std::string_view data);
  bool find_successors();
  void advance();

  LogFormat format_;
  std::string path_;
  bool follow_;
  Fd inotify_;
  std::deque<Segment> queue_;  // what comes after the segment at hand, the oldest first
  Segment current_;
  std::optional<GrowingFile> plain_;
  std::unique_ptr<Decompression> compressed_;
  std::int64_t skip_ = 0;
  std::string buffer_;
  std::size_t consumed_ = 0;
};

// Before anything is read, so that nothing that happens later is missed.
void LogFileReader::watch() {
  inotify_.reset(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify_) throw SysError("inotify_init1()");
  const std::string directory = path::parent_of(path_);
  if (inotify_add_watch(inotify_.get(), directory.c_str(), IN_MODIFY | IN_CREATE) < 0 && errno != ENOENT) {
    throw SysError(fmt::format("cannot watch {}", directory));
  }
}

// Before each reading: what happens after it is news.
void LogFileReader::forget_news() const {
  std::array<char, 4096> events;
  while (inotify_ && ::read(inotify_.get(), events.data(), events.size()) > 0) {
  }
}

// The files that are newer than the one with the inode number `than`; all of them without one, or when that file was
// dropped. Nothing is renamed meanwhile.
void LogFileReader::open_newer(std::optional<ino_t> than) {
  if (!file::exists(path::parent_of(path_))) return;  // never started
  const Fd names = rotated_files::lock(path_, LOCK_SH);
  for (const rotated_files::Predecessor& file : rotated_files::predecessors(path_)) {
    Segment segment{sys::open(file.path, O_RDONLY | O_NOFOLLOW), file.compressed};
    // Its inode number is used again only after the file is closed: the newest that has it is the one.
    if (than && inode_of(segment) == than) break;
    queue_.push_front(std::move(segment));
  }
  Fd newest = sys::openat_unless(AT_FDCWD, path_, O_RDONLY | O_NOFOLLOW, 0, ENOENT);
  if (newest) queue_.push_back({std::move(newest)});
}

void LogFileReader::seek_tail(std::int64_t wanted) {
  for (std::size_t left = queue_.size(); left > 0; --left) {
    if (wanted == 0 && left < queue_.size()) {
      queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(left));
      return;
    }
    Segment& segment = queue_[left - 1];
    if (segment.compressed) {
      const std::int64_t entries = count_entries(format_, segment.fd.get());
      segment.skip = std::max<std::int64_t>(0, entries - wanted);
      wanted -= entries - segment.skip;
    } else {
      const LogTail tail = find_tail(format_, segment.fd.get(), wanted);
      segment.start = tail.offset;
      wanted -= tail.entries;
    }
  }
}

bool LogFileReader::fill() {
  for (;;) {
    forget_news();
    // A file is at its end for good once there is another one after it: so that must be known before it is read.
    const bool is_finished = !queue_.empty();
    if (read_more()) return true;
    if (is_finished) {
      advance();
    } else if (!find_successors()) {
      return false;
    }
  }
}

bool LogFileReader::read_more() {
  if (compressed_) {
    std::array<char, kBlock> block;
    const std::size_t got = compressed_->read(block.data(), block.size());
    take({block.data(), got});
    return got > 0;
  }
  if (!plain_) return false;
  const GrowingFile::Piece piece = plain_->read();
  if (piece.was_emptied) consumed_ = buffer_.size();
  take(piece.data);
  return !piece.data.empty();
}

void LogFileReader::take(std::string_view data) {
  buffer_.erase(0, consumed_);
  consumed_ = 0;
  buffer_ += data;
}

// True when the file at hand has been rotated: what came after it is in the queue then.
bool LogFileReader::find_successors() {
  if (!follow_) return false;
  struct stat newest {};
  if (::stat(path_.c_str(), &newest) < 0) return false;
  const ino_t ours = current_.fd ? sys::fstat(current_.fd.get()).st_ino : 0;
  if (newest.st_ino == ours) return false;
  open_newer(ours);
  return !queue_.empty();
}

void LogFileReader::advance() {
  if (queue_.empty()) return;
  current_ = std::move(queue_.front());
  queue_.pop_front();
  buffer_.clear();
  consumed_ = 0;
  skip_ = current_.skip;
  compressed_.reset();
  plain_.reset();
  if (current_.compressed) {
    compressed_ = std::make_unique<Decompression>(current_.fd.get());
  } else {
    plain_.emplace(current_.fd.get(), current_.start);
  }
}

}  // namespace

std::unique_ptr<LogReader> open_log_file(LogFormat format, const std::string& path, const LogQuery& query) {
  return std::make_unique<LogFileReader>(format, path, query);
}

}  // namespace minidock
