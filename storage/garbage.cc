// What nobody refers to any more goes in three steps, so that a crash between any two leaves only what the next
// collection finds, and so that nobody waits for the database while files are removed:
//   1. rows of unreferenced layers are deleted                            (one transaction)
//   2. directories and blobs without a row are renamed out of the way     (one transaction: nobody adopts them
//   meanwhile)
//   3. what was renamed, and unfinished layers of dead processes, is removed
// Everything that a living process works on is locked by it (hold_layer, PendingLayer, PartialBlob) and left alone.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include "base/directory.h"
#include "base/file.h"
#include "base/random.h"
#include "base/syscall.h"
#include "storage/layer_store.h"

namespace minidock::storage {
namespace {

constexpr char kTrashPrefix[] = ".trash-";
constexpr std::size_t kHexDigits = 64;

// Whether nobody works on `path`; also true when it is not there. The lock ends with the descriptor, in `lock`.
bool lock_unused(const std::string& path, Fd& lock) {
  lock = sys::openat_unless(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW, 0, ENOENT);
  return !lock || sys::try_flock(lock.get(), LOCK_EX | LOCK_NB);
}

std::vector<std::string> forget_layers(Database& database, const Instance& instance) {
  Transaction transaction(database);
  std::vector<std::string> unreferenced;
  // A container keeps its layers, also when its image was removed by force.
  Statement select = database.prepare(
      "SELECT diff_id FROM layers WHERE diff_id NOT IN (SELECT diff_id FROM image_layers)"
      " AND diff_id NOT IN (SELECT value FROM containers, json_each(definition, '$.Layers'))");
  while (select.step()) unreferenced.push_back(select.text(0));
  std::vector<std::string> gone;
  for (const std::string& diff_id : unreferenced) {
    Fd lock;
    if (!lock_unused(instance.layers() + "/" + layer_directory_name(diff_id), lock)) continue;
    database.prepare("DELETE FROM layers WHERE diff_id = ?").bind(diff_id).run();
    gone.push_back(diff_id);
  }
  transaction.commit();
  return gone;
}

bool has_row(Database& database, std::string_view sql, const std::string& hex) {
  return database.prepare(sql).bind("sha256:" + hex).step();
}

void rename_unowned(Database& database, const std::string& directory, std::string_view sql) {
  for (const std::string& name : file::names_in(directory)) {
    if (name.size() != kHexDigits || has_row(database, sql, name)) continue;
    Fd lock;
    if (!lock_unused(directory + "/" + name, lock)) continue;
    sys::renameat(AT_FDCWD, directory + "/" + name, AT_FDCWD, directory + "/" + kTrashPrefix + random::hex(8));
  }
}

void remove_hidden(const std::string& directory) {
  for (const std::string& name : file::names_in(directory)) {
    if (name.front() != '.' || name == "." || name == "..") continue;
    Fd lock;
    if (lock_unused(directory + "/" + name, lock)) file::remove_tree(directory + "/" + name);
  }
}

}  // namespace

std::vector<std::string> collect_garbage(Database& database, const Instance& instance) {
  std::vector<std::string> gone = forget_layers(database, instance);
  {
    Transaction transaction(database);
    rename_unowned(database, instance.layers(), "SELECT 1 FROM layers WHERE diff_id = ?");
    rename_unowned(database, instance.blobs(), "SELECT 1 FROM image_layers WHERE blob_digest = ?");
    transaction.commit();
  }
  remove_hidden(instance.layers());
  remove_hidden(instance.blobs());
  return gone;
}

}  // namespace minidock::storage
