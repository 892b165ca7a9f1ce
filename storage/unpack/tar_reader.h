// libarchive as the reader of one uncompressed tar (ustar, GNU, pax; sparse files, long names, extended attributes).
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/unpack/stream.h"
#include "storage/unpack/utf8_locale.h"

struct archive;
struct archive_entry;

namespace minidock::storage {

enum class EntryType { file, directory, symlink, hardlink, character_device, block_device, fifo };

// The header of one entry; views are valid until the next entry.
struct Entry {
  EntryType type = EntryType::file;
  std::string_view path;
  std::string_view target;  // of a symbolic or hard link
  mode_t permissions = 0;   // 07777
  uid_t uid = 0;
  gid_t gid = 0;
  timespec mtime{};
  std::uint64_t size = 0;  // of a file, holes included
  dev_t device = 0;
  std::vector<std::pair<std::string_view, std::string_view>> xattrs;
};

// A piece of a file's content: what lies between pieces is a hole.
struct Piece {
  std::string_view data;
  std::uint64_t offset = 0;
};

class TarReader {
 public:
  TarReader();
  ~TarReader();
  TarReader(const TarReader&) = delete;
  TarReader& operator=(const TarReader&) = delete;

  void open(Chunks tar);
  // False at the end. Damaged or truncated input is ErrorKind::corrupt_data.
  bool next(Entry& entry);
  // False at the end of the current file's content.
  bool next_piece(Piece& piece);
  // Reads what is left behind the archive's end: zeros, or it is ErrorKind::corrupt_data.
  void finish();

 private:
  struct Free {
    void operator()(archive* reader) const noexcept;
  };
  static ssize_t read_callback(archive* reader, void* self, const void** buffer);
  void check(int result, std::string_view what);
  void fill(Entry& entry, archive_entry* header) const;

  Utf8Locale locale_;
  std::unique_ptr<archive, Free> reader_;
  Chunks tar_;
  std::string_view chunk_;       // what the library got last
  std::uint64_t delivered_ = 0;  // bytes it got so far
  std::exception_ptr error_;     // thrown by tar_ inside the callback
  bool empty_ = false;
};

}  // namespace minidock::storage
