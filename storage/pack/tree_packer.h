// Writes a tree as a tar, by descriptor: nothing in the tree is followed, and nothing but directories and regular files
// is ever opened, whoever changes it meanwhile.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "storage/pack/tar_writer.h"

namespace minidock::storage {

struct PackRules {
  // An overlay's upper directory becomes an OCI layer: whiteouts take its form (image-spec, layer.md).
  bool as_layer = false;
  std::set<std::string> opaque;    // with as_layer: directories that hide those of lower layers
  std::set<std::string> excluded;  // left out, with what is below
};
// Both sets hold paths below the packed object, without leading slash.

class TreePacker {
 public:
  // `descriptors` is this process's /proc/self/fd, borrowed.
  TreePacker(TarWriter& tar, int descriptors, const PackRules& rules);

  // Packs `base` of `parent` under `name`. For "." the directory itself is the object; with an empty name only what is
  // in it, and with "/" all names begin with a slash. ErrorKind::not_found when it is not there.
  void pack(int parent, const std::string& base, const std::string& name);

 private:
  struct Place {
    int parent;
    std::string base;
    std::string name;  // in the archive, without a slash at the end
    std::string path;  // below the packed object
  };
  void pack_place(const Place& place, int depth);
  void pack_directory(const Place& place, PackedEntry entry, int depth);
  void pack_children(int directory, const std::string& prefix, const std::string& path, int depth);
  void pack_file(PackedEntry entry, int object);
  void pack_whiteout(const Place& place, PackedEntry entry);
  void pack_opaque_mark(const std::string& prefix, const struct stat& directory);
  void pack_content(int file, const PackedEntry& entry);

  TarWriter& tar_;
  int descriptors_;
  const PackRules& rules_;
  std::vector<char> buffer_;
  // First name of files that have several.
  std::map<std::pair<dev_t, ino_t>, std::string> names_;
};

// A procfs that shows this process alone, for reopening what is held O_PATH: /proc/self/fd in it. Made before a jail is
// entered; nothing else of the host can be reached through it.
Fd open_own_descriptors();

// Directories below `upper` that overlayfs marked as opaque (trusted.overlay.opaque): paths without leading slash.
// Needs CAP_SYS_ADMIN.
std::set<std::string> find_opaque_directories(int upper);

}  // namespace minidock::storage
