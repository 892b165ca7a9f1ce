#include "engine/runtime/cgroup_list.h"

#include <fcntl.h>

#include <set>

#include "base/directory.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/syscall.h"
#include "engine/runtime/cgroup_layout.h"
#include "engine/runtime/cgroup_v2.h"

namespace minidock::runtime {
namespace {

// A group's other entries are its control files.
void add_groups(int directory, std::set<std::string>& names) {
  for (const std::string& name : file::names_in(directory)) {
    try {
      if (sys::openat_unless(directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, ENOENT)) names.insert(name);
    } catch (const SysError& error) {
      if (error.error_number() != ENOTDIR) throw;
    }
  }
}

}  // namespace

std::vector<std::string> cgroups_below(const std::string& parent) {
  std::set<std::string> names;
  if (const Fd group = open_v2_cgroup(parent)) add_groups(group.get(), names);
  if (!is_v2_only()) {
    for (const V1Hierarchy& hierarchy : read_v1_layout().hierarchies) {
      const std::string path = hierarchy.mount + path::clean_absolute(parent);
      const Fd group = sys::openat_unless(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, ENOENT);
      if (group) add_groups(group.get(), names);
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace minidock::runtime
