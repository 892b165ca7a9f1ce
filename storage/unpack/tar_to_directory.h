// The stages from an uncompressed tar to a directory, without process or jail around them: what the worker runs, and
// what tests and the fuzzer call in a scratch directory.
#pragma once

#include <cstdint>

#include "storage/unpack/path_log.h"
#include "storage/unpack/stream.h"
#include "storage/unpack/tar_reader.h"
#include "storage/unpack/unpack.h"

namespace minidock::storage {

struct UnpackedTree {
  std::uint64_t size = 0;
  std::uint64_t entries = 0;
};

// `directory` (borrowed) must be readable, not O_PATH. The process's umask must be 0. `opaque` gets the directories
// that mark_opaque() marks. Reads `tar` to its end.
UnpackedTree unpack_tar(TarReader& reader, Chunks tar, int directory, const UnpackLimits& limits, PathLog& opaque);

// Sets trusted.overlay.opaque on the directories in `log` that are still there. Needs CAP_SYS_ADMIN.
void mark_opaque(int directory, PathLog& log);

}  // namespace minidock::storage
