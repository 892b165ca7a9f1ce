// The files of an archive, in one unnamed temporary file: images in archives refer to their parts in any order, and a
// stream cannot be read twice. Names in the archive are looked up, never used as paths (rule R10).
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/fd.h"
#include "storage/instance.h"

namespace minidock::image {

class Spool {
 public:
  struct File {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::string digest;  // of the content
  };

  // Reads a tar (plain, gzip or zstd) from `input` (borrowed) to its end. ErrorKind::corrupt_data for what is none, is
  // truncated, or exceeds the limits of rule R8.
  static Spool read(const storage::Instance& instance, int input);

  // Follows links inside the archive. Nothing when there is no such file.
  const File* find(const std::string& name) const;
  // ErrorKind::corrupt_data when it is missing.
  const File& get(const std::string& name) const;
  // Content of a small file; more than kMaxDocument bytes are ErrorKind::corrupt_data.
  std::string text(const File& file) const;
  // Copies the content to the beginning of another file, in the kernel where it can.
  void copy_to(const File& file, int fd) const;

 private:
  explicit Spool(Fd fd) : fd_(std::move(fd)) {}
  friend class SpoolWriter;

  Fd fd_;
  std::map<std::string, File> files_;
  std::map<std::string, std::string> links_;  // name → name, both clean
};

// An unnamed file below the instance's root: gone with its descriptor, however the process ends.
Fd make_temporary_file(const storage::Instance& instance);

// Copies `size` bytes from `offset` of one file to the beginning of another.
void copy_bytes(int from, std::uint64_t offset, std::uint64_t size, int to);

}  // namespace minidock::image
