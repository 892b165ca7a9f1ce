// A log file and its rotated predecessors: NAME, NAME.1, NAME.2 …, the highest number the oldest; a compressed one is
// NAME.<number>.gz. One process appends and rotates, another compresses, others read or empty all of them: whoever
// changes names, or wants them to stay for a moment, holds the lock.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"

namespace minidock::rotated_files {

// The lock on the names, which is the directory of `path`. Operation: LOCK_EX to change them, LOCK_SH to look; waits.
Fd lock(const std::string& path, int operation);
// LOCK_EX without waiting: an invalid Fd when somebody holds it.
Fd try_lock(const std::string& path);

struct Predecessor {
  unsigned number = 0;
  bool compressed = false;
  std::string path;
};
// Newest first. A file that is there plain and compressed (its compression was interrupted at the very end) is listed
// as the plain one.
std::vector<Predecessor> predecessors(const std::string& path);

// Makes room for a new file `path`: what is there becomes number 1, each predecessor gets the next number, and no more
// than `max_files` remain, the new one included. Killed at any point, every file that is left is whole and has a number
// by its age. The caller holds the lock. Throws SysError.
void rotate(const std::string& path, unsigned max_files);

// A compressed predecessor tells which file it was, for who has that open and looks for what came after it: a subfield
// of the gzip header's extra field (RFC 1952, 2.3.1.1), "mi" and the inode number in 64 bits, little endian.
std::string gzip_extra_field(ino_t inode);
// Nothing when the file's header has no such field.
std::optional<ino_t> original_inode(int compressed);

// Removes all predecessors. The caller holds the lock.
void remove_predecessors(const std::string& path);

}  // namespace minidock::rotated_files
