#include "image/transfer/spool.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "base/error.h"
#include "base/path.h"
#include "base/random.h"
#include "base/syscall.h"
#include "image/transfer/digest.h"
#include "image/transfer/manifest.h"

namespace minidock::image {
namespace {

constexpr std::size_t kMaxEntries = 100'000;
constexpr std::size_t kMaxName = 4096;
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 40U;
constexpr std::uint64_t kMaxRatio = 2000;
constexpr std::uint64_t kRatioFrom = 64 * 1024 * 1024;  // small archives of zeros are no attack
constexpr int kMaxLinks = 16;
constexpr std::size_t kBuffer = 1024 * 1024;

struct FreeArchive {
  void operator()(archive* reader) const noexcept { archive_read_free(reader); }
};

[[noreturn]] void corrupt(const std::string& why) { throw Error(ErrorKind::corrupt_data, "invalid archive: " + why); }

// "./a//b" → "a/b"; cannot leave the archive's root.
std::string clean(const std::string& name) { return path::clean_absolute("/" + name).substr(1); }

void write_all(int fd, std::string_view data) { sys::write_all(fd, data); }

}  // namespace

Fd make_temporary_file(const storage::Instance& instance) {
  if (Fd fd = sys::openat_unless(AT_FDCWD, instance.root, O_TMPFILE | O_RDWR, 0600, EOPNOTSUPP)) return fd;
  const std::string name = fmt::format("{}/.spool-{}", instance.root, random::hex(8));
  Fd fd = sys::open(name, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW, 0600);
  sys::unlinkat(AT_FDCWD, name, 0);
  return fd;
}

void copy_bytes(int from, std::uint64_t offset, std::uint64_t size, int to) {
  off_t in = static_cast<off_t>(offset);
  off_t out = 0;
  bool in_kernel = true;
  std::vector<char> buffer;
  while (size > 0) {
    if (in_kernel) {
      const ssize_t copied = ::copy_file_range(from, &in, to, &out, size, 0);
      if (copied > 0) {
        size -= static_cast<std::uint64_t>(copied);
        continue;
      }
      in_kernel = false;  // another file system, or one that cannot
      buffer.resize(kBuffer);
    }
    const std::size_t got = sys::pread(from, buffer.data(), std::min<std::uint64_t>(buffer.size(), size), in);
    if (got == 0) throw Error(ErrorKind::internal, "temporary file is shorter than expected");
    sys::checked([&] { return fmt::format("lseek({}, {})", to, out); }, [&] { return ::lseek(to, out, SEEK_SET); });
    write_all(to, {buffer.data(), got});
    in += static_cast<off_t>(got);
    out += static_cast<off_t>(got);
    size -= got;
  }
}

// Fills a Spool from a stream.
class SpoolWriter {
 public:
  SpoolWriter(Spool& spool, int input) : spool_(spool), reader_(archive_read_new()), buffer_(kBuffer) {
    if (!reader_) throw std::bad_alloc();
    // Only what is named here is ever parsed.
    archive_read_support_format_tar(reader_.get());
    archive_read_support_format_empty(reader_.get());
    archive_read_support_filter_gzip(reader_.get());
    archive_read_support_filter_zstd(reader_.get());
    require(archive_read_open_fd(reader_.get(), input, kBuffer));
  }

  void run() {
    archive_entry* entry = nullptr;
    std::size_t entries = 0;
    for (;;) {
      const int result = archive_read_next_header(reader_.get(), &entry);
      if (result == ARCHIVE_EOF) break;
      require(result);
      if (++entries > kMaxEntries) corrupt(fmt::format("more than {} entries", kMaxEntries));
      take(entry);
    }
  }

 private:
  void require(int result) {
    if (result == ARCHIVE_OK || result == ARCHIVE_WARN) return;
    const char* why = archive_error_string(reader_.get());
    corrupt(why != nullptr ? why : "unreadable");
  }

  void take(archive_entry* entry) {
    const char* raw = archive_entry_pathname(entry);
    if (raw == nullptr) corrupt("an entry without a name");
    if (std::string_view(raw).size() > kMaxName) corrupt("a name that is too long");
    const std::string name = clean(raw);
    spool_.files_.erase(name);
    spool_.links_.erase(name);
    if (const char* target = archive_entry_hardlink(entry)) {
      spool_.links_[name] = clean(target);
    } else if (archive_entry_filetype(entry) == AE_IFLNK) {
      const std::string link = archive_entry_symlink(entry) != nullptr ? archive_entry_symlink(entry) : "";
      const bool absolute = !link.empty() && link.front() == '/';
      spool_.links_[name] = clean(absolute ? link : path::parent_of("/" + name) + "/" + link);
    } else if (archive_entry_filetype(entry) == AE_IFREG) {
      spool_.files_[name] = take_content();
    }
  }

  Spool::File take_content() {
    Spool::File file;
    file.offset = written_;
    Sha256 hash;
    for (;;) {
      const la_ssize_t got = archive_read_data(reader_.get(), buffer_.data(), buffer_.size());
      if (got < 0) require(static_cast<int>(got));
      if (got <= 0) break;
      const std::string_view data(buffer_.data(), static_cast<std::size_t>(got));
      check_growth(data.size());
      write_all(spool_.fd_.get(), data);
      hash.update(data);
    }
    file.size = written_ - file.offset;
    file.digest = hash.finish();
    return file;
  }

  void check_growth(std::size_t more) {
    written_ += more;
    if (written_ > kMaxBytes) corrupt(fmt::format("more than {} bytes", kMaxBytes));
    const auto read = static_cast<std::uint64_t>(std::max<la_int64_t>(archive_filter_bytes(reader_.get(), -1), 1));
    if (written_ > kRatioFrom && written_ / read > kMaxRatio) corrupt("it decompresses to implausibly many bytes");
  }

  Spool& spool_;
  std::unique_ptr<archive, FreeArchive> reader_;
  std::vector<char> buffer_;
  std::uint64_t written_ = 0;
};

Spool Spool::read(const storage::Instance& instance, int input) {
  Spool spool(make_temporary_file(instance));
  SpoolWriter(spool, input).run();
  return spool;
}

const Spool::File* Spool::find(const std::string& name) const {
  std::string current = clean(name);
  for (int hops = 0; hops < kMaxLinks; ++hops) {
    const auto file = files_.find(current);
    if (file != files_.end()) return &file->second;
    const auto link = links_.find(current);
    if (link == links_.end()) return nullptr;
    current = link->second;
  }
  corrupt(fmt::format("too many links behind \"{}\"", name));
}

const Spool::File& Spool::get(const std::string& name) const {
  const File* file = find(name);
  if (file == nullptr) corrupt(fmt::format("\"{}\" is missing", name));
  return *file;
}

std::string Spool::text(const File& file) const {
  if (file.size > kMaxDocument) corrupt(fmt::format("a document of {} bytes", file.size));
  std::string result(file.size, '\0');
  std::size_t done = 0;
  while (done < result.size()) {
    const std::size_t got =
        sys::pread(fd_.get(), result.data() + done, result.size() - done, static_cast<off_t>(file.offset + done));
    if (got == 0) throw Error(ErrorKind::internal, "temporary file is shorter than expected");
    done += got;
  }
  return result;
}

void Spool::copy_to(const File& file, int fd) const { copy_bytes(fd_.get(), file.offset, file.size, fd); }

}  // namespace minidock::image
