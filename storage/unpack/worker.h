// The process that unpacks one layer. Its only words to the caller are one message at the end (a JSON object on a
// SOCK_SEQPACKET socket): {"diff_id", "size", "entries"}, or {"kind", "errno", "message"} of its error.
#pragma once

#include <sys/types.h>

#include "storage/unpack/growing_blob.h"
#include "storage/unpack/unpack.h"

namespace minidock::storage {

// Descriptors are the caller's; the worker has copies of them by fork.
struct WorkerInput {
  int blob = -1;
  int directory = -1;
  int opaque_log = -1;
  int answer = -1;
  const BlobProgress* progress = nullptr;
  UnpackLimits limits;
  pid_t parent = 0;
};

// Runs in the forked child.
[[noreturn]] void worker_main(const WorkerInput& input) noexcept;

// An answer as the caller reads it, throwing the worker's error. The worker may have been taken over: its answer is
// checked like any foreign document.
UnpackedLayer parse_worker_answer(const std::string& answer);

}  // namespace minidock::storage
