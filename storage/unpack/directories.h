// Directories of the layer that is being written, by descriptor. No call here or above lets the kernel follow a
// symbolic link: links on the way are read and resolved here, with the layer's root as "/", so that nothing leads
// outside even without the jail.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "storage/unpack/unpack.h"

namespace minidock::storage {

struct Directory {
  Fd fd;             // O_PATH or O_RDONLY
  std::string path;  // without links; "" is the root
};
using DirectoryPtr = std::shared_ptr<const Directory>;

class Directories {
 public:
  struct Events {
    std::function<void()> created;                           // a directory was made that no entry asked for
    std::function<void(const std::string& path)> was_white;  // a whiteout gave way to a directory
  };
  Directories(int root, const UnpackLimits& limits, Events events);

  // The directory `path` (cleaned; links are followed in-root); missing ones are created with mode 0755. Something else
  // in its place is ErrorKind::corrupt_data.
  DirectoryPtr open(std::string_view path);
  // Remembers an opened directory under the name by which entries refer to it.
  void remember(std::string_view path, DirectoryPtr directory);
  // Must be called when a directory or a symbolic link was removed: what is remembered may lead through it.
  void forget_all() { slots_.clear(); }

 private:
  struct Slot {
    std::string path;
    DirectoryPtr directory;
    std::uint64_t used;
  };
  DirectoryPtr open_without_links(std::string_view path) const;
  DirectoryPtr walk(std::string_view path);
  Fd enter(int parent, const std::string& name, const std::string& real_path);

  int root_;
  UnpackLimits limits_;
  Events events_;
  std::vector<Slot> slots_;
  std::uint64_t clock_ = 0;
};

// Opens the existing directory `name` in `parent`, not through a link. `flags`: O_PATH or O_RDONLY.
Fd open_child_directory(int parent, const std::string& name, int flags);

}  // namespace minidock::storage
