#include "storage/unpack/tar_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "base/error.h"
#include "storage/unpack/names.h"

namespace minidock::storage {

namespace {

std::string_view view_of(const char* text) { return text != nullptr ? text : std::string_view{}; }

// The highest id is no id for the kernel.
std::uint32_t checked_id(std::int64_t id, std::string_view path) {
  if (id < 0 || id >= std::int64_t{UINT32_MAX}) {
    throw Error(ErrorKind::corrupt_data, fmt::format("archive: owner {} of {} is out of range", id, printable(path)));
  }
  return static_cast<std::uint32_t>(id);
}

EntryType type_of(archive_entry* header) {
  if (archive_entry_hardlink(header) != nullptr) return EntryType::hardlink;
  switch (archive_entry_filetype(header)) {
    case AE_IFREG:
      return EntryType::file;
    case AE_IFDIR:
      return EntryType::directory;
    case AE_IFLNK:
      return EntryType::symlink;
    case AE_IFCHR:
      return EntryType::character_device;
    case AE_IFBLK:
      return EntryType::block_device;
    case AE_IFIFO:
      return EntryType::fifo;
    default:
      throw Error(ErrorKind::corrupt_data, "archive: entry of an unknown type");
  }
}

}  // namespace

void TarReader::Free::operator()(archive* reader) const noexcept { archive_read_free(reader); }

TarReader::TarReader() : reader_(archive_read_new()) {
  if (!reader_) throw std::bad_alloc();
  check(archive_read_support_format_tar(reader_.get()), "tar");
}

TarReader::~TarReader() = default;

ssize_t TarReader::read_callback(archive* reader, void* self, const void** buffer) {
  TarReader& tar = *static_cast<TarReader*>(self);
  try {
    tar.chunk_ = tar.tar_();
    tar.delivered_ += tar.chunk_.size();
    *buffer = tar.chunk_.data();
    return static_cast<ssize_t>(tar.chunk_.size());
  } catch (...) {
    // Not through the library's C frames: check() throws it on.
    tar.error_ = std::current_exception();
    archive_set_error(reader, EIO, "input failed");
    return ARCHIVE_FATAL;
  }
}

void TarReader::check(int result, std::string_view what) {
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  if (result >= ARCHIVE_WARN) return;
  if (archive_errno(reader_.get()) == ENOMEM) throw std::bad_alloc();
  throw Error(ErrorKind::corrupt_data,
              fmt::format("archive: {}: {}", what, view_of(archive_error_string(reader_.get()))));
}

void TarReader::open(Chunks tar) {
  // No bytes at all are an empty layer, too; the library knows no format for them.
  std::string_view first = tar();
  empty_ = first.empty();
  if (empty_) return;
  tar_ = [first, tar = std::move(tar)]() mutable {
    return first.empty() ? tar() : std::exchange(first, std::string_view{});
  };
  check(archive_read_open(reader_.get(), this, nullptr, read_callback, nullptr), "not a tar archive");
}

bool TarReader::next(Entry& entry) {
  if (empty_) return false;
  archive_entry* header = nullptr;
  const int result = archive_read_next_header(reader_.get(), &header);
  if (error_ == nullptr && result == ARCHIVE_EOF) return false;
  check(result, "damaged tar archive");
  fill(entry, header);
  return true;
}

void TarReader::fill(Entry& entry, archive_entry* header) const {
  entry.path = view_of(archive_entry_pathname(header));
  if (entry.path.empty()) throw Error(ErrorKind::corrupt_data, "archive: entry without a valid name");
  entry.type = type_of(header);
  const bool hard = entry.type == EntryType::hardlink;
  entry.target = view_of(hard ? archive_entry_hardlink(header) : archive_entry_symlink(header));
  entry.permissions = archive_entry_perm(header) & 07777U;
  entry.uid = checked_id(archive_entry_uid(header), entry.path);
  entry.gid = checked_id(archive_entry_gid(header), entry.path);
  entry.mtime.tv_sec = archive_entry_mtime(header);
  entry.mtime.tv_nsec = std::clamp(archive_entry_mtime_nsec(header), 0L, 999'999'999L);
  entry.size = static_cast<std::uint64_t>(std::max<std::int64_t>(archive_entry_size(header), 0));
  entry.device = makedev(archive_entry_rdevmajor(header), archive_entry_rdevminor(header));
  entry.xattrs.clear();
  archive_entry_xattr_reset(header);
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  while (archive_entry_xattr_next(header, &name, &value, &size) == ARCHIVE_OK) {
    entry.xattrs.emplace_back(view_of(name), std::string_view(static_cast<const char*>(value), size));
  }
}

bool TarReader::next_piece(Piece& piece) {
  const void* data = nullptr;
  std::size_t size = 0;
  std::int64_t offset = 0;
  const int result = archive_read_data_block(reader_.get(), &data, &size, &offset);
  if (error_ == nullptr && result == ARCHIVE_EOF) return false;
  check(result, "damaged tar archive");
  if (offset < 0) throw Error(ErrorKind::corrupt_data, "archive: negative offset in a sparse file");
  piece.data = std::string_view(static_cast<const char*>(data), size);
  piece.offset = static_cast<std::uint64_t>(offset);
  return true;
}

void TarReader::finish() {
  if (empty_) return;
  const std::uint64_t read = static_cast<std::uint64_t>(archive_filter_bytes(reader_.get(), -1));
  std::uint64_t left = delivered_ > read ? delivered_ - read : 0;
  left = std::min<std::uint64_t>(left, chunk_.size());
  for (std::string_view rest = chunk_.substr(chunk_.size() - left);; rest = tar_()) {
    if (rest.find_first_not_of('\0') != std::string_view::npos) {
      throw Error(ErrorKind::corrupt_data, "archive: data behind the end of the tar archive");
    }
    if (rest.empty() && left == 0) return;
    left = 0;
  }
}

}  // namespace minidock::storage
