// Unpacking one layer: bytes of a (compressed) tar in, a directory out, in a jail (rules R1, R7, R8).
//
//   caller (minidock-image)                         worker (one process a layer, jailed)
//   creates an empty directory beside the layers,
//   opens the blob, which may still be growing ──►  pivoted into the directory; no network, few capabilities, seccomp
//   blob_grew(bytes) / blob_complete()              without exec; reads what is there, inflates, hashes, writes entries
//   finish() ◄──────────────────────────────────── diff ID, unpacked size, opaque directories — or the error whole
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/fd.h"

namespace minidock::storage {

// Limits of rule R8; exceeding one is ErrorKind::corrupt_data.
struct UnpackLimits {
  std::uint64_t max_bytes = std::uint64_t{1} << 40U;  // unpacked
  std::uint64_t max_ratio = 2000;                     // unpacked : compressed, checked past 64 MiB
  std::uint64_t max_entries = 10'000'000;
  // Path components. Whoever walks a tree holds a descriptor a level, of the usual 1024.
  std::uint32_t max_depth = 512;
  std::uint32_t max_path = 4096;
};

struct UnpackedLayer {
  std::string diff_id;     // "sha256:<hex>" of the uncompressed tar
  std::uint64_t size = 0;  // bytes of file content
  std::uint64_t entries = 0;
};

class Unpacker {
 public:
  // Starts the worker: `blob` (borrowed until finish) is read from its beginning by pread; `directory` (borrowed) is
  // the new layer's root. The compression (gzip, zstd, none) is told by the first bytes. Must be called while the
  // process is single-threaded.
  static Unpacker start(int blob, int directory, const UnpackLimits& limits);
  Unpacker(Unpacker&& other) noexcept;
  ~Unpacker();  // kills a worker that was not finished

  // `available` bytes from the beginning of the blob are there now. Cheap; may be called from any thread.
  void blob_grew(std::uint64_t available);
  // The blob has exactly `size` bytes.
  void blob_complete(std::uint64_t size);
  // Readable (poll(2)) when the worker has ended, well or badly: finish() does not wait then. Borrowed.
  int ended_fd() const;
  bool ended() const;
  // Waits for the worker and marks opaque directories (trusted.overlay.opaque). The worker's error is thrown.
  UnpackedLayer finish();

 private:
  struct Parts;
  explicit Unpacker(Parts* parts) : parts_(parts) {}
  Parts* parts_;
};

}  // namespace minidock::storage
