// Files between a tree and a tar stream, or from one tree to another: cp, export, volume import and export.
#pragma once

#include <optional>
#include <string>

#include "storage/instance.h"
#include "storage/pack/pack.h"
#include "storage/unpack/extract.h"

namespace minidock::image {

struct CopyOptions {
  std::optional<storage::PackSource> source;     // not set: a tar on standard input
  std::optional<storage::ExtractTarget> target;  // not set: a tar on standard output; its scratch file is made here
};

// Bytes of file content that were written, or of the tar on standard output.
std::uint64_t copy(const storage::Instance& instance, const CopyOptions& options);

// Throws the error of a packer whose output somebody reads: `reading` is that reader's own failure, if it had one. A
// packer that fails with a broken pipe only tells that its reader has failed.
std::uint64_t finish_packer(storage::Packer& packer, std::exception_ptr reading);

}  // namespace minidock::image
