#include "engine/user_mounts.h"

#include <algorithm>

#include "engine/option_words.h"
#include "engine/volumes.h"

namespace minidock {
namespace {

using Words = std::vector<std::string>;

runtime::Mount tmpfs_mount(const MountPoint& point) {
  Words words{"noexec", "nosuid", "nodev"};
  if (point.read_only) words.emplace_back("ro");
  if (!point.options.empty()) {
    for (std::string& word : options::split(point.options, ',')) words.push_back(std::move(word));
  }
  return {point.destination, "tmpfs", "tmpfs", words, {}, {}};
}

runtime::Mount bind_mount(const MountPoint& point, const std::string& overlay) {
  Words words{point.non_recursive ? "bind" : "rbind", point.propagation.empty() ? "rprivate" : point.propagation};
  if (point.read_only) words.emplace_back("ro");
  if (point.writable_submounts) words.emplace_back("writable-submounts");
  if (point.copy_up) words.emplace_back("copy-up");
  if (point.idmap) words.emplace_back("idmap");
  if (!point.subpath.empty()) words.push_back("subpath=" + point.subpath);
  if (point.overlay) words.push_back("overlay=" + overlay);
  return {point.destination, "bind", point.source, words, {}, {}};
}

}  // namespace

std::vector<runtime::Mount> user_mounts(const storage::Instance& instance, const ContainerDefinition& definition) {
  std::vector<runtime::Mount> mounts;
  for (std::size_t i = 0; i < definition.mount_points.size(); ++i) {
    const MountPoint& point = definition.mount_points[i];
    mounts.push_back(point.type == "tmpfs" ? tmpfs_mount(point)
                                           : bind_mount(point, overlay_directory(instance, definition.id, i)));
  }
  const auto depth = [](const runtime::Mount& mount) {
    return std::count(mount.destination.begin(), mount.destination.end(), '/');
  };
  std::stable_sort(mounts.begin(), mounts.end(),
                   [&](const runtime::Mount& a, const runtime::Mount& b) { return depth(a) < depth(b); });
  return mounts;
}

}  // namespace minidock
