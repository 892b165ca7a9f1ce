#include "storage/layer_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <time.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/random.h"
#include "base/syscall.h"

namespace minidock::storage {
namespace {

constexpr std::string_view kAlgorithm = "sha256:";
constexpr char kPartialSuffix[] = ".partial";

Fd open_directory(const std::string& path) { return sys::open(path, O_RDONLY | O_DIRECTORY); }

// Invalid when it is not there.
Fd open_layer_directory(int layers, const std::string& name) {
  return sys::openat_unless(layers, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, ENOENT);
}

// Whether `name` is still the file behind `fd`: it may have been renamed or removed while a lock was waited for.
bool still_named(int directory, const std::string& name, int fd) {
  struct stat named {};
  if (fstatat(directory, name.c_str(), &named, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return false;
    throw SysError(fmt::format("fstatat({}, \"{}\")", directory, name));
  }
  const struct stat opened = sys::fstat(fd);
  return named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
}

}  // namespace

std::string layer_directory_name(const std::string& diff_id) {
  constexpr std::size_t kDigits = 64;
  const std::string hex = diff_id.substr(0, kAlgorithm.size()) == kAlgorithm ? diff_id.substr(kAlgorithm.size()) : "";
  const bool valid = hex.size() == kDigits && hex.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!valid) throw Error(ErrorKind::corrupt_data, fmt::format("invalid digest \"{}\"", diff_id.substr(0, 128)));
  return hex;
}

bool has_layer(Database& database, const std::string& diff_id) {
  return database.prepare("SELECT 1 FROM layers WHERE diff_id = ?").bind(diff_id).step();
}

Fd hold_layer(const Instance& instance, const std::string& diff_id) {
  const std::string name = layer_directory_name(diff_id);
  const Fd layers = open_directory(instance.layers());
  for (;;) {
    Fd layer = open_layer_directory(layers.get(), name);
    if (!layer) return Fd();
    sys::flock(layer.get(), LOCK_SH);
    if (still_named(layers.get(), name, layer.get())) return layer;
  }
}

// ---- PendingLayer

PendingLayer::PendingLayer(std::string layers, std::string name, Fd directory)
    : layers_(std::move(layers)), name_(std::move(name)), directory_(std::move(directory)) {}

PendingLayer::PendingLayer(PendingLayer&& other) noexcept
    : layers_(std::move(other.layers_)),
      name_(std::exchange(other.name_, {})),
      directory_(std::move(other.directory_)) {}

PendingLayer::~PendingLayer() {
  if (name_.empty()) return;
  try {
    file::remove_tree(layers_ + "/" + name_);
  } catch (const Error&) {
    // It has no owner from now on: collect_garbage tries again.
  }
}

PendingLayer PendingLayer::create(const Instance& instance) {
  const Fd layers = open_directory(instance.layers());
  for (;;) {
    std::string name = ".pending-" + random::hex(8);
    sys::mkdirat(layers.get(), name, 0755);
    Fd directory = sys::openat(layers.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    sys::fchmod(directory.get(), 0755);  // whatever the umask is: it is the root of a container's file system
    // The lock tells collect_garbage that somebody is at work; it may have come between mkdir and lock.
    if (sys::try_flock(directory.get(), LOCK_SH | LOCK_NB) && still_named(layers.get(), name, directory.get())) {
      return PendingLayer(instance.layers(), std::move(name), std::move(directory));
    }
  }
}

void PendingLayer::commit(Database& database, const std::string& diff_id, std::uint64_t size) {
  const std::string final_name = layer_directory_name(diff_id);
  const Fd layers = open_directory(layers_);
  try {
    sys::renameat(layers.get(), name_, layers.get(), final_name, RENAME_NOREPLACE);
    name_.clear();
  } catch (const SysError& error) {
    // The other one is whole too, or it would not have its name. Ours goes when this object does.
    if (error.error_number() != EEXIST && error.error_number() != ENOTEMPTY) throw;
  }
  database.prepare("INSERT INTO layers(diff_id, size, created) VALUES(?, ?, ?) ON CONFLICT DO NOTHING")
      .bind(diff_id)
      .bind(static_cast<std::int64_t>(size))
      .bind(format::now_ns())
      .run();
}

// ---- PartialBlob

PartialBlob::PartialBlob(std::string directory, std::string hex, Fd fd, std::uint64_t size, bool complete)
    : directory_(std::move(directory)), hex_(std::move(hex)), fd_(std::move(fd)), size_(size), complete_(complete) {}

PartialBlob PartialBlob::open(const Instance& instance, const std::string& digest) {
  for (;;) {
    if (std::optional<PartialBlob> blob = try_open(instance, digest)) return std::move(*blob);
    // Not a blocking flock: the owner keeps a (shared) lock on it after its commit.
    const timespec pause{0, 10'000'000};
    nanosleep(&pause, nullptr);
  }
}

std::optional<PartialBlob> PartialBlob::try_open(const Instance& instance, const std::string& digest) {
  std::string hex = layer_directory_name(digest);
  const std::string partial = hex + kPartialSuffix;
  const Fd directory = open_directory(instance.blobs());
  for (;;) {
    if (Fd whole = sys::openat_unless(directory.get(), hex, O_RDONLY | O_NOFOLLOW, 0, ENOENT)) {
      sys::flock(whole.get(), LOCK_SH);
      if (!still_named(directory.get(), hex, whole.get())) continue;
      const std::uint64_t size = static_cast<std::uint64_t>(sys::fstat(whole.get()).st_size);
      return PartialBlob(instance.blobs(), std::move(hex), std::move(whole), size, true);
    }
    Fd fd = sys::openat(directory.get(), partial, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    if (!sys::try_flock(fd.get(), LOCK_EX | LOCK_NB)) return std::nullopt;
    // Committed or discarded between open and lock; or the whole blob has come before an empty partial one was made.
    if (!still_named(directory.get(), partial, fd.get())) continue;
    if (faccessat(directory.get(), hex.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
      sys::unlinkat(directory.get(), partial, 0);
      continue;
    }
    const std::uint64_t size = static_cast<std::uint64_t>(sys::fstat(fd.get()).st_size);
    return PartialBlob(instance.blobs(), std::move(hex), std::move(fd), size, false);
  }
}

void PartialBlob::commit() {
  if (complete_) return;
  const Fd directory = open_directory(directory_);
  // From exclusive to shared while it is still partial, as the change is not atomic: another process that gets the
  // exclusive lock in between finds all bytes and commits it itself.
  sys::flock(fd_.get(), LOCK_SH);
  try {
    sys::renameat(directory.get(), hex_ + kPartialSuffix, directory.get(), hex_);
  } catch (const SysError& error) {
    if (error.error_number() != ENOENT || !still_named(directory.get(), hex_, fd_.get())) throw;
  }
  complete_ = true;
}

void PartialBlob::discard() {
  const Fd directory = open_directory(directory_);
  sys::unlinkat_if_present(directory.get(), complete_ ? hex_ : hex_ + kPartialSuffix, 0);
}

Fd open_blob(const Instance& instance, const std::string& digest) {
  const std::string path = instance.blobs() + "/" + layer_directory_name(digest);
  return sys::openat_unless(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW, 0, ENOENT);
}

}  // namespace minidock::storage
