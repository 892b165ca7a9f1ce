#include "engine/runtime/mapped_layers.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include "base/file.h"
#include "base/path.h"
#include "base/syscall.h"
#include "engine/runtime/overlay.h"
#include "engine/runtime/tree_copy.h"
#include "engine/runtime/userns.h"

namespace minidock::runtime {
namespace {

constexpr const char* kPartial = ".partial";

void copy_layer(int source, int copies, const std::string& layer, const TreeCopyOptions& options) {
  file::remove_tree(copies, kPartial);
  sys::mkdirat(copies, kPartial, 0700);
  const Fd target = sys::openat(copies, kPartial, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  copy_tree(source, target.get(), options);
  // A layer is visible only when whole, after a crash too.
  sys::syncfs(target.get());
  sys::renameat(copies, kPartial, copies, layer);
}

std::string range_name(const Spec& spec) {
  const std::uint32_t uid = to_host_id(spec.uid_mappings, 0).value_or(0);
  const std::uint32_t gid = to_host_id(spec.gid_mappings, 0).value_or(0);
  return uid == gid ? fmt::format("{}", uid) : fmt::format("{}.{}", uid, gid);
}

}  // namespace

std::string parent_ensure_mapped_layers(const Spec& spec) {
  const OverlayRootfs& rootfs = spec.rootfs;
  const std::string directory =
      fmt::format("{}/layers-mapped/{}", path::parent_of(path::clean_absolute(rootfs.store)), range_name(spec));
  file::make_directories(directory, 0700);
  const Fd copies = sys::open(directory, O_RDONLY | O_DIRECTORY);
  const Fd store = sys::open(rootfs.store, O_RDONLY | O_DIRECTORY);
  sys::set_topdir_flag(copies.get());
  const TreeCopyOptions options{[&](uid_t uid) { return to_host_id(spec.uid_mappings, uid); },
                                [&](gid_t gid) { return to_host_id(spec.gid_mappings, gid); }, false};
  Fd lock;
  for (const std::string& layer : rootfs.layers) {
    if (sys::openat_unless(copies.get(), layer, O_PATH | O_DIRECTORY, 0, ENOENT)) continue;
    if (!lock) {
      lock = sys::openat(copies.get(), ".lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
      sys::flock(lock.get(), LOCK_EX);
      if (sys::openat_unless(copies.get(), layer, O_PATH | O_DIRECTORY, 0, ENOENT)) continue;
    }
    const Fd source = open_layer(store.get(), rootfs.store, layer, O_RDONLY);
    copy_layer(source.get(), copies.get(), layer, options);
  }
  return directory;
}

}  // namespace minidock::runtime
