// libarchive as the writer of one uncompressed tar (pax headers only where ustar cannot say it: docker's own choice, so
// times are whole seconds).
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/unpack/utf8_locale.h"

struct archive;
struct archive_entry;

namespace minidock::storage {

struct PackedEntry {
  std::string name;  // as it stands in the archive
  struct stat status {};
  std::string link;       // target of a symbolic link
  std::string hard_link;  // name of an earlier entry: this is one more name of it
  std::vector<std::pair<std::string, std::string>> xattrs;
  // Where a sparse file has data, {offset, size}; empty: everywhere.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> data;
};

class TarWriter {
 public:
  explicit TarWriter(int output);  // borrowed
  void begin(const PackedEntry& entry);
  // The content of a file follows its header: as many bytes as its status says, holes included as zeros.
  void write(std::string_view content);
  void finish();
  std::uint64_t written() const { return written_; }  // bytes of the archive

 private:
  struct Free {
    void operator()(archive* writer) const noexcept;
    void operator()(archive_entry* entry) const noexcept;
  };
  static ssize_t write_callback(archive* writer, void* self, const void* buffer, std::size_t size);
  void check(int result);

  Utf8Locale locale_;
  int output_;
  std::uint64_t written_ = 0;
  std::exception_ptr error_;  // thrown inside the callback
  std::unique_ptr<archive_entry, Free> entry_;
  std::unique_ptr<archive, Free> writer_;  // destroyed first: it may still write
};

}  // namespace minidock::storage
