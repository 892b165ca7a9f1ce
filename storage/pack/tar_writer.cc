#include "storage/pack/tar_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <sys/sysmacros.h>

#include "base/error.h"
#include "base/syscall.h"
#include "storage/unpack/names.h"

namespace minidock::storage {

void TarWriter::Free::operator()(archive* writer) const noexcept {
  // Without this the library would write the archive's end, also of one that is broken.
  archive_write_fail(writer);
  archive_write_free(writer);
}
void TarWriter::Free::operator()(archive_entry* entry) const noexcept { archive_entry_free(entry); }

TarWriter::TarWriter(int output) : output_(output), entry_(archive_entry_new()), writer_(archive_write_new()) {
  if (!entry_ || !writer_) throw std::bad_alloc();
  check(archive_write_set_format_pax_restricted(writer_.get()));
  check(archive_write_set_format_option(writer_.get(), "pax", "xattrheader", "SCHILY"));
  // No padding behind the two empty blocks that end an archive.
  check(archive_write_set_bytes_in_last_block(writer_.get(), 1));
  check(archive_write_open2(writer_.get(), this, nullptr, write_callback, nullptr, nullptr));
}

ssize_t TarWriter::write_callback(archive* writer, void* self, const void* buffer, std::size_t size) {
  TarWriter& tar = *static_cast<TarWriter*>(self);
  try {
    sys::write_all(tar.output_, std::string_view(static_cast<const char*>(buffer), size));
    tar.written_ += size;
    return static_cast<ssize_t>(size);
  } catch (...) {
    // Not through the library's C frames: check() throws it on.
    tar.error_ = std::current_exception();
    archive_set_error(writer, EIO, "output failed");
    return -1;
  }
}

void TarWriter::check(int result) {
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  if (result >= ARCHIVE_WARN) return;  // a name that is not UTF-8 is written as it is, with a warning
  if (archive_errno(writer_.get()) == ENOMEM) throw std::bad_alloc();
  const char* why = archive_error_string(writer_.get());
  throw Error(ErrorKind::internal, fmt::format("cannot write a tar archive: {}", why != nullptr ? why : "unknown"));
}

void TarWriter::begin(const PackedEntry& entry) {
  archive_entry* header = archive_entry_clear(entry_.get());
  archive_entry_copy_pathname(header, entry.name.c_str());
  archive_entry_set_mode(header, entry.status.st_mode);
  archive_entry_set_uid(header, entry.status.st_uid);
  archive_entry_set_gid(header, entry.status.st_gid);
  archive_entry_set_mtime(header, entry.status.st_mtim.tv_sec, 0);
  archive_entry_set_size(header, S_ISREG(entry.status.st_mode) && entry.hard_link.empty() ? entry.status.st_size : 0);
  if (S_ISLNK(entry.status.st_mode)) archive_entry_copy_symlink(header, entry.link.c_str());
  if (!entry.hard_link.empty()) archive_entry_copy_hardlink(header, entry.hard_link.c_str());
  if (S_ISCHR(entry.status.st_mode) || S_ISBLK(entry.status.st_mode)) {
    archive_entry_set_rdevmajor(header, major(entry.status.st_rdev));
    archive_entry_set_rdevminor(header, minor(entry.status.st_rdev));
  }
  for (const auto& [name, value] : entry.xattrs) {
    archive_entry_xattr_add_entry(header, name.c_str(), value.data(), value.size());
  }
  for (const auto& [offset, size] : entry.data) {
    archive_entry_sparse_add_entry(header, static_cast<std::int64_t>(offset), static_cast<std::int64_t>(size));
  }
  check(archive_write_header(writer_.get(), header));
}

void TarWriter::write(std::string_view content) {
  while (!content.empty()) {
    const la_ssize_t written = archive_write_data(writer_.get(), content.data(), content.size());
    if (written <= 0) check(written == 0 ? ARCHIVE_FATAL : static_cast<int>(written));
    content.remove_prefix(static_cast<std::size_t>(written));
  }
}

void TarWriter::finish() { check(archive_write_close(writer_.get())); }

}  // namespace minidock::storage
