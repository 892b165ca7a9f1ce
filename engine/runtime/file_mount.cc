#include "engine/runtime/file_mount.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>

#include "base/error.h"
#include "base/file.h"
#include "base/syscall.h"
#include "engine/runtime/userns.h"

namespace minidock::runtime {
namespace {

constexpr char kOnlyFile[] = "file";

std::uint32_t outside(const std::vector<IdMapping>& mappings, std::uint32_t id, const FileCopy& file) {
  if (const std::optional<std::uint32_t> host = to_host_id(mappings, id)) return *host;
  throw Error(ErrorKind::invalid_argument,
              fmt::format("{}: id {} is not in the container's range of ids", file.source, id));
}

void copy_file(const Spec& spec, int directory, const FileCopy& file) {
  const std::string name = file.name.empty() ? kOnlyFile : file.name;
  const Fd copy = sys::openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  sys::write_all(copy.get(), file::read(file.source));
  sys::fchown(copy.get(), outside(spec.uid_mappings, file.uid, file), outside(spec.gid_mappings, file.gid, file));
  sys::fchmod(copy.get(), file.mode & 0777);
}

}  // namespace

Fd parent_make_file_mount(const Spec& spec, const Mount& mount) {
  const Fd context = sys::fsopen("tmpfs");
  sys::fsconfig_string(context.get(), "source", "tmpfs");
  sys::fsconfig_string(context.get(), "mode", "755");
  sys::fsconfig_create(context.get());
  Fd tree = sys::fsmount(context.get(), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  const Fd directory = sys::openat(tree.get(), ".", O_RDONLY | O_DIRECTORY);
  sys::fchown(directory.get(), to_host_id(spec.uid_mappings, 0).value_or(0),
              to_host_id(spec.gid_mappings, 0).value_or(0));
  for (const FileCopy& file : mount.files) copy_file(spec, directory.get(), file);
  struct mount_attr attributes {};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  sys::mount_setattr(tree.get(), "", AT_EMPTY_PATH, attributes);
  if (mount.files.size() == 1 && mount.files[0].name.empty()) {
    return sys::open_tree(tree.get(), kOnlyFile, OPEN_TREE_CLONE);
  }
  return tree;
}

}  // namespace minidock::runtime
