// Writes the entries of a tar below one directory, as docker's untar does in its chroot: later entries replace earlier
// ones, whiteouts become those of overlayfs.
#pragma once

#include <cstdint>
#include <string>

#include "storage/unpack/directories.h"
#include "storage/unpack/names.h"
#include "storage/unpack/path_log.h"
#include "storage/unpack/tar_reader.h"
#include "storage/unpack/unpack.h"

namespace minidock::storage {

// What differs between a layer and files that a user copies.
struct WriteRules {
  bool whiteouts = true;          // names that begin with ".wh." mean what they mean in layers
  bool merge_only = false;        // a directory gives way to nothing else, nor something else to a directory
  bool optional_devices = false;  // device nodes that we may not make are left out
};

class TreeWriter {
 public:
  // `root` and `opaque` are borrowed; directories that are to be marked opaque are appended to `opaque`. `times` is an
  // empty log for its own use.
  TreeWriter(int root, const UnpackLimits& limits, PathLog& opaque, PathLog times, const WriteRules& rules = {});

  void write(const Entry& entry, TarReader& content);
  // Sets what only the end may set: times of directories.
  void finish();

  std::uint64_t size() const { return size_; }        // bytes of file content
  std::uint64_t entries() const { return entries_; }  // directories that no entry asked for included

 private:
  void count_entry();
  void write_whiteout(const Directory& parent, const std::string& name);
  void write_plain(const Entry& entry, const EntryName& name, const Directory& parent, TarReader& content);
  void write_root(const Entry& entry);
  void write_directory(const Entry& entry, const EntryName& name, const Directory& parent);
  void write_file(const Entry& entry, const EntryName& name, const Directory& parent, TarReader& content);
  void write_content(const Entry& entry, int fd, TarReader& content);
  void write_hardlink(const Entry& entry, const EntryName& name, const Directory& parent);
  void write_symlink(const Entry& entry, const EntryName& name, const Directory& parent);
  void write_node(const Entry& entry, const EntryName& name, const Directory& parent);
  template <typename Create>
  void create_replacing(const Directory& parent, const std::string& name, Create create);
  void remove_existing(const Directory& parent, const std::string& name, const struct stat& status);

  int root_;
  UnpackLimits limits_;
  WriteRules rules_;
  PathLog& opaque_;
  PathLog times_;
  Directories directories_;
  std::uint64_t size_ = 0;
  std::uint64_t entries_ = 0;
};

}  // namespace minidock::storage
