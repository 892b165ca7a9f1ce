// Blobs and layers on disk. A layer's directory below layers/ carries the hex part of its diff ID and is there only
// when it is whole; an unfinished one lies beside it under a name that starts with a dot.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "storage/database.h"
#include "storage/instance.h"

namespace minidock::storage {

// Name of a layer's directory below instance.layers(): the hex digits of the diff ID. Anything but "sha256:" and 64
// lower-case hex digits is ErrorKind::corrupt_data (rule R10), here and wherever a digest is taken.
std::string layer_directory_name(const std::string& diff_id);

bool has_layer(Database& database, const std::string& diff_id);

// Keeps a layer from collect_garbage as long as the descriptor is open: for whoever found it and will refer to it in a
// later transaction (a pull that need not fetch it). Invalid when its directory is not there.
Fd hold_layer(const Instance& instance, const std::string& diff_id);

// An unfinished layer: removed with everything in it when destroyed before commit. While the object lives, also after
// commit, collect_garbage leaves the layer alone.
class PendingLayer {
 public:
  static PendingLayer create(const Instance& instance);
  PendingLayer(PendingLayer&& other) noexcept;
  ~PendingLayer();

  int directory() const { return directory_.get(); }  // borrowed, O_RDONLY|O_DIRECTORY
  // Renames it to its diff ID and inserts the row (the caller has synced and is in a transaction). A layer that another
  // process committed meanwhile is kept and this one dropped.
  void commit(Database& database, const std::string& diff_id, std::uint64_t size);

 private:
  PendingLayer(std::string layers, std::string name, Fd directory);
  std::string layers_;
  std::string name_;  // empty when committed or moved from
  Fd directory_;
};

// A blob that is being fetched: <blobs>/<hex>.partial, kept for the next pull when it is not committed. Locked (flock)
// so that two pulls do the work once: the second waits for the first. While the object lives, also after commit,
// collect_garbage leaves the blob alone.
class PartialBlob {
 public:
  // Opens or creates the partial file of `digest` and locks it, waiting for another process that has it. Who needs
  // several at a time must open them in the order of their digests, or two pulls may wait for each other; or use
  // try_open.
  static PartialBlob open(const Instance& instance, const std::string& digest);
  // Nothing while another process has it.
  static std::optional<PartialBlob> try_open(const Instance& instance, const std::string& digest);

  int fd() const { return fd_.get(); }          // borrowed, read and write; only read when complete
  std::uint64_t size() const { return size_; }  // bytes that were there already
  bool complete() const { return complete_; }   // another process has finished it already
  // Digest was verified: renames it to its final name. The caller has synced it: a blob with its final name is believed
  // after a power cut.
  void commit();
  void discard();  // content was wrong: removes it

 private:
  PartialBlob(std::string directory, std::string hex, Fd fd, std::uint64_t size, bool complete);
  std::string directory_;
  std::string hex_;
  Fd fd_;
  std::uint64_t size_;
  bool complete_;
};

// Opens a whole blob for reading; invalid when it is not there.
Fd open_blob(const Instance& instance, const std::string& digest);

// Removes directories of layers and blobs without an owner: unfinished layers of dead processes, layers that no image
// refers to, blobs that no image refers to (partial ones are kept). Returns the diff IDs that went. Makes transactions
// of its own, so it must not be called within one.
std::vector<std::string> collect_garbage(Database& database, const Instance& instance);

}  // namespace minidock::storage
