// A tar stream that a user gives, into a tree that already has content: docker's rules for `cp`. In a jail (R1, R7,
// R8).
#pragma once

#include <cstdint>
#include <string>

#include "storage/unpack/jailed_process.h"

namespace minidock::storage {

struct ExtractTarget {
  int root = -1;            // borrowed, O_PATH; links in the tree and in the archive never lead out of it
  std::string directory;    // below `root`, where the archive's entries go; ".." in their names ends there
  int user_namespace = -1;  // the tree's owners are told and set as ids of that namespace; -1: the caller's
  bool keep_owners = true;  // else all belongs to root
  int scratch = -1;         // borrowed: an empty nameless file, to be written
};

class Extractor {
 public:
  // Reads `input` (borrowed) to its end: a tar, plain or compressed with gzip or zstd.
  static Extractor start(int input, const ExtractTarget& target);
  // Waits; bytes of file content. The process's error is thrown.
  std::uint64_t finish();

 private:
  explicit Extractor(JailedProcess process) : process_(std::move(process)) {}
  JailedProcess process_;
};

}  // namespace minidock::storage
