#include "engine/runtime/copy_up.h"

#include <fcntl.h>
#include <sys/file.h>

#include "base/path.h"
#include "base/syscall.h"
#include "engine/runtime/tree_copy.h"

namespace minidock::runtime {

void child_copy_up(int root, const std::string& destination, int volume) {
  if (!S_ISDIR(sys::fstat(volume).st_mode)) return;
  const Fd target = sys::openat(volume, ".", O_RDONLY | O_DIRECTORY);
  sys::flock(target.get(), LOCK_EX);
  if (!is_empty_directory(target.get())) return;
  const Fd source = path::open_in_root_if_exists(root, destination, O_RDONLY | O_DIRECTORY);
  if (!source) return;
  TreeCopyOptions options;
  options.skip_forbidden_nodes = true;
  copy_tree(source.get(), target.get(), options);
}

}  // namespace minidock::runtime
