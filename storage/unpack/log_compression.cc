#include "storage/unpack/log_compression.h"

#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <optional>

#include "base/error.h"
#include "base/rotated_files.h"
#include "base/syscall.h"
#include "storage/unpack/decompress.h"

namespace minidock::storage {
namespace {

using rotated_files::Predecessor;

constexpr std::size_t kChunk = 256 * 1024;
constexpr mode_t kMode = 0640;

// ---- one file

class Deflate {
 public:
  Deflate() : level_buffer_(ISAL_DEF_LVL1_DEFAULT), output_(kChunk) {
    isal_deflate_init(&stream_);
    stream_.level = 1;
    stream_.level_buf = level_buffer_.data();
    stream_.level_buf_size = static_cast<std::uint32_t>(level_buffer_.size());
    stream_.gzip_flag = IGZIP_GZIP_NO_HDR;  // the header is ours, the checksums at the end are not
  }

  void write_header(const std::string& extra, int out) {
    std::string field = extra;
    isal_gzip_header header{};
    isal_gzip_header_init(&header);
    header.extra = reinterpret_cast<std::uint8_t*>(field.data());
    header.extra_len = static_cast<std::uint32_t>(field.size());
    header.extra_buf_len = header.extra_len;
    begin_output();
    if (isal_write_gzip_header(&stream_, &header) != 0) throw Error(ErrorKind::internal, "isal_write_gzip_header");
    drain(out);
  }

  void write(std::string_view data, bool last, int out) {
    stream_.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(data.data()));
    stream_.avail_in = static_cast<std::uint32_t>(data.size());
    stream_.end_of_stream = last ? 1 : 0;
    do {
      begin_output();
      if (isal_deflate(&stream_) != COMP_OK) throw Error(ErrorKind::internal, "isal_deflate failed");
      drain(out);
    } while (stream_.avail_out == 0);
  }

 private:
  void begin_output() {
    stream_.next_out = output_.data();
    stream_.avail_out = static_cast<std::uint32_t>(output_.size());
  }
  void drain(int out) const {
    const std::size_t size = output_.size() - stream_.avail_out;
    sys::write_all(out, {reinterpret_cast<const char*>(output_.data()), size});
  }

  isal_zstream stream_;
  std::vector<std::uint8_t> level_buffer_;
  std::vector<std::uint8_t> output_;
};

void compress(int in, int out) {
  Deflate deflate;
  deflate.write_header(rotated_files::gzip_extra_field(sys::fstat(in).st_ino), out);
  std::string chunk(kChunk, '\0');
  for (;;) {
    const std::size_t got = sys::read(in, chunk.data(), chunk.size());
    deflate.write({chunk.data(), got}, got == 0, out);
    if (got == 0) return;
  }
}

// ---- its name

Predecessor oldest_plain(const std::string& path) {
  Predecessor result;
  for (const Predecessor& file : rotated_files::predecessors(path)) {
    if (!file.compressed) result = file;
  }
  return result;
}

// What the file is called by now; nothing when it was dropped.
std::optional<std::string> current_name(const std::string& path, int fd) {
  const struct stat status = sys::fstat(fd);
  for (const Predecessor& file : rotated_files::predecessors(path)) {
    if (!file.compressed && sys::fstatat(AT_FDCWD, file.path, AT_SYMLINK_NOFOLLOW).st_ino == status.st_ino) {
      return file.path;
    }
  }
  return std::nullopt;
}

// Removed unless it gets its final name.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string path)
      : path_(std::move(path)), fd_(sys::open(path_, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, kMode)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  int fd() const { return fd_.get(); }
  void rename_to(const std::string& name) {
    sys::renameat(AT_FDCWD, path_, AT_FDCWD, name);
    path_.clear();
  }

 private:
  std::string path_;
  Fd fd_;
};

// False when nothing is left to be compressed.
bool compress_one(const std::string& path) {
  Fd in;
  {
    const Fd names = rotated_files::lock(path, LOCK_SH);
    const Predecessor file = oldest_plain(path);
    if (file.number == 0) return false;
    in = sys::open(file.path, O_RDONLY | O_NOFOLLOW);
  }
  TemporaryFile compressed(path + ".compressing");
  compress(in.get(), compressed.fd());
  const Fd names = rotated_files::lock(path, LOCK_EX);
  if (const std::optional<std::string> name = current_name(path, in.get())) {
    compressed.rename_to(*name + ".gz");
    sys::unlinkat(AT_FDCWD, *name, 0);
  }
  return true;
}

}  // namespace

void compress_predecessors(const std::string& path) {
  while (compress_one(path)) {
  }
}

void read_compressed_log(int in, int out) {
  std::string chunk(kChunk, '\0');
  Decompressor text([&] { return std::string_view(chunk.data(), sys::read(in, chunk.data(), chunk.size())); });
  for (std::string_view piece = text.next(); !piece.empty(); piece = text.next()) sys::write_all(out, piece);
}

}  // namespace minidock::storage
