#include "storage/unpack/growing_blob.h"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

#include "base/error.h"
#include "base/syscall.h"

namespace minidock::storage {
namespace {

constexpr std::size_t kBufferSize = 512 * 1024;

}  // namespace

struct BlobProgress::Page {
  std::atomic<std::uint64_t> available{0};
  std::atomic<bool> complete{false};
  std::atomic<std::uint32_t> changes{0};  // the futex
};

BlobProgress::BlobProgress() {
  void* memory = mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw SysError("mmap of a shared page");
  page_ = new (memory) Page;
}

BlobProgress::~BlobProgress() { munmap(page_, sizeof(Page)); }

void BlobProgress::wake() noexcept {
  page_->changes.fetch_add(1);
  syscall(SYS_futex, &page_->changes, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

void BlobProgress::grew(std::uint64_t available) noexcept {
  // Calls of several threads may come in any order.
  std::uint64_t known = page_->available.load();
  while (known < available && !page_->available.compare_exchange_weak(known, available)) {
  }
  wake();
}

void BlobProgress::complete(std::uint64_t size) noexcept {
  page_->available.store(size);
  page_->complete.store(true);
  wake();
}

BlobProgress::State BlobProgress::wait_beyond(std::uint64_t seen) const noexcept {
  for (;;) {
    const std::uint32_t changes = page_->changes.load();
    // Complete first: the size is final once it is set.
    const bool complete = page_->complete.load();
    const std::uint64_t available = page_->available.load();
    if (complete || available > seen) return State{available, complete};
    syscall(SYS_futex, &page_->changes, FUTEX_WAIT, changes, nullptr, nullptr, 0);
  }
}

GrowingBlob::GrowingBlob(int fd, const BlobProgress& progress)
    : fd_(fd), progress_(progress), buffer_(std::make_unique<char[]>(kBufferSize)) {}

std::string_view GrowingBlob::next() {
  const BlobProgress::State state = progress_.wait_beyond(offset_);
  if (state.available <= offset_) return {};
  const std::size_t wanted = std::min<std::uint64_t>(kBufferSize, state.available - offset_);
  const std::size_t got = sys::pread(fd_, buffer_.get(), wanted, static_cast<off_t>(offset_));
  if (got == 0) throw Error(ErrorKind::corrupt_data, "archive: the blob is shorter than announced");
  offset_ += got;
  return {buffer_.get(), got};
}

}  // namespace minidock::storage
