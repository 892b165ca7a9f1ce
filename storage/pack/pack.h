// A tree to a tar stream, by a process that can reach that tree and nothing else (R1, R7).
#pragma once

#include <cstdint>
#include <string>

#include "storage/pack/tree_packer.h"
#include "storage/unpack/jailed_process.h"

namespace minidock::storage {

struct PackSource {
  int parent = -1;          // borrowed: a directory
  std::string base = ".";   // in it, not followed
  std::string name;         // in the archive; see TreePacker::pack
  int user_namespace = -1;  // the tree's owners are told as ids of that namespace; -1: the caller's
  PackRules rules;
};

class Packer {
 public:
  // Writes the archive to `output` (borrowed).
  static Packer start(const PackSource& source, int output);
  // Waits; bytes of the archive. The process's error is thrown.
  std::uint64_t finish();

 private:
  explicit Packer(JailedProcess process) : process_(std::move(process)) {}
  JailedProcess process_;
};

}  // namespace minidock::storage
