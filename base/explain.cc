#include "base/explain.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "base/error.h"

namespace minidock::explain {
namespace {

constexpr std::size_t kLogSize = 256 * 1024;  // a start has some sixty steps; what does not fit is not told
constexpr std::size_t kLongestText = 1024;

struct Header {
  std::atomic<std::uint64_t> used;  // bytes behind this header, also of records that did not fit any more
};

// Followed by `size` bytes of text.
struct Entry {
  std::atomic<std::uint32_t> is_whole;
  std::uint32_t size;
  std::uint64_t started;
  std::uint64_t ended;
  bool failed;
  char who[16];
  char kind[16];
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<std::uint32_t>::is_always_lock_free);

char* mapped = nullptr;
int descriptor = -1;
char role[16] = "";

std::uint64_t now_ns() noexcept {
  timespec ts{};
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return static_cast<std::uint64_t>(ts.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(ts.tv_nsec);
}

template <std::size_t size>
void copy_word(char (&target)[size], std::string_view word) noexcept {
  const std::size_t length = std::min(word.size(), size - 1);
  std::memcpy(target, word.data(), length);
  target[length] = '\0';
}

std::size_t aligned(std::size_t size) { return (size + alignof(Entry) - 1) / alignof(Entry) * alignof(Entry); }

char* map_log(int log, int protection) {
  void* memory = mmap(nullptr, kLogSize, protection, MAP_SHARED, log, 0);
  if (memory == MAP_FAILED) throw SysError("mmap of the steps' log");
  return static_cast<char*>(memory);
}

}  // namespace

Fd make_log() {
  Fd log(memfd_create("minidock-explain", MFD_CLOEXEC));
  if (!log) throw SysError("memfd_create");
  if (ftruncate(log.get(), kLogSize) != 0) throw SysError("ftruncate of the steps' log");
  return log;
}

void enable(int log, std::string_view who) {
  char* memory = log < 0 ? nullptr : map_log(log, PROT_READ | PROT_WRITE);
  if (mapped != nullptr) munmap(mapped, kLogSize);
  mapped = memory;
  descriptor = log;
  set_role(who);
}

bool enabled() noexcept { return mapped != nullptr; }
void set_role(std::string_view who) noexcept { copy_word(role, who); }
int log_descriptor() noexcept { return descriptor; }

std::vector<Record> records(int log) {
  const char* memory = map_log(log, PROT_READ);
  const std::size_t first = aligned(sizeof(Header));
  const std::size_t used =
      std::min<std::size_t>(first + reinterpret_cast<const Header*>(memory)->used.load(), kLogSize);
  std::vector<Record> found;
  for (std::size_t at = first; at + sizeof(Entry) <= used;) {
    const auto* entry = reinterpret_cast<const Entry*>(memory + at);
    if (entry->is_whole.load() == 0 || entry->size > used - at - sizeof(Entry)) break;
    found.push_back({entry->started, entry->ended, entry->failed, entry->who, entry->kind,
                     std::string(memory + at + sizeof(Entry), entry->size)});
    at += aligned(sizeof(Entry) + entry->size);
  }
  munmap(const_cast<char*>(memory), kLogSize);
  std::stable_sort(found.begin(), found.end(),
                   [](const Record& left, const Record& right) { return left.started < right.started; });
  return found;
}

void Step::begin(std::string_view kind, std::string text) {
  kind_ = kind;
  text_ = std::move(text);
  exceptions_ = std::uncaught_exceptions();
  started_ = now_ns();
}

// No system call in here but clock_gettime, which is none (vDSO).
void Step::end() noexcept {
  const std::uint64_t ended = now_ns();
  if (mapped == nullptr) return;
  const std::size_t length = std::min(text_.size(), kLongestText);
  const std::size_t size = aligned(sizeof(Entry) + length);
  auto* header = reinterpret_cast<Header*>(mapped);
  const std::size_t at = aligned(sizeof(Header)) + header->used.fetch_add(size);
  if (at + size > kLogSize) return;
  auto* entry = reinterpret_cast<Entry*>(mapped + at);
  entry->size = static_cast<std::uint32_t>(length);
  entry->started = started_;
  entry->ended = ended;
  entry->failed = std::uncaught_exceptions() > exceptions_;
  copy_word(entry->who, role);
  copy_word(entry->kind, kind_);
  std::memcpy(mapped + at + sizeof(Entry), text_.data(), length);
  entry->is_whole.store(1);
}

}  // namespace minidock::explain
