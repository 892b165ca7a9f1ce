// How far a blob that is being fetched has come: told by the caller through a page that it shares with the worker. The
// caller only writes it, so whatever a worker does to the page harms the worker alone.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

namespace minidock::storage {

// The caller's side; the page is inherited by fork.
class BlobProgress {
 public:
  BlobProgress();
  ~BlobProgress();
  BlobProgress(const BlobProgress&) = delete;
  BlobProgress& operator=(const BlobProgress&) = delete;

  // Both may be called from any thread.
  void grew(std::uint64_t available) noexcept;
  void complete(std::uint64_t size) noexcept;

  struct State {
    std::uint64_t available;
    bool complete;
  };
  // Waits until more than `seen` bytes are there, or all.
  State wait_beyond(std::uint64_t seen) const noexcept;

 private:
  struct Page;
  void wake() noexcept;
  Page* page_;
};

// The worker's side: reads the blob from its beginning to its end, waiting for what is not there yet.
class GrowingBlob {
 public:
  GrowingBlob(int fd, const BlobProgress& progress);
  // A chunk; empty at the end.
  std::string_view next();

 private:
  int fd_;
  const BlobProgress& progress_;
  std::uint64_t offset_ = 0;
  std::unique_ptr<char[]> buffer_;
};

}  // namespace minidock::storage
