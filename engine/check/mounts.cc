#include <fmt/format.h>
#include <sys/mount.h>

#include <sstream>

#include "base/file.h"
#include "base/syscall.h"
#include "engine/check/check.h"
#include "engine/root_mounts.h"
#include "engine/volume_mounts.h"
#include "engine/volume_store.h"
#include "image/image_store.h"

namespace minidock::check {
namespace {

// proc_pid_mountinfo(5): blanks and the like are written as \040.
std::string unescape(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escaped = text[i] == '\\' && i + 3 < text.size();
    result += is_escaped ? static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8)) : text[i];
    if (is_escaped) i += 3;
  }
  return result;
}

// Where something is mounted, in the mount namespace of the command.
std::set<std::string> mount_points() {
  std::set<std::string> points;
  std::istringstream lines(file::read("/proc/self/mountinfo"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word;
    for (int i = 0; i < 5; ++i) words >> word;
    if (words) points.insert(unescape(word));
  }
  return points;
}

// "abc" of "/directory/abc" and of "/directory/abc/more"; "" of what is not below the directory.
std::string name_below(const std::string& directory, const std::string& path) {
  if (!path.starts_with(directory + "/")) return "";
  const std::string rest = path.substr(directory.size() + 1);
  return rest.substr(0, rest.find('/'));
}

void unmount_all(const std::string& path) {
  while (mount_points().contains(path)) sys::umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
}

// ---- `container mount` and `image mount`, which last as long as their container or image

void add_root_mounts(EngineContext& context, const Picture& picture, Suspicions& found) {
  for (const std::string& id : list_root_mounts(context.instance, RootMountKind::container)) {
    const std::optional<std::string> path = find_root_mount(context.instance, RootMountKind::container, id);
    if (!path || picture.find(id) != nullptr) continue;
    const auto examine = [&context, id](bool repairs) {
      const std::optional<Unowned> unowned = Unowned::hold(context, id);
      if (!unowned || unowned->row() || !find_root_mount(context.instance, RootMountKind::container, id)) return false;
      if (repairs) detach_root_mount(context.instance, RootMountKind::container, id);
      return true;
    };
    found.push_back({"mount", *path, "is of a container that is gone", "unmounted", examine});
  }
  for (const std::string& hex : list_root_mounts(context.instance, RootMountKind::image)) {
    const std::optional<std::string> path = find_root_mount(context.instance, RootMountKind::image, hex);
    if (!path || image::has_image(context.database, "sha256:" + hex)) continue;
    const auto examine = [&context, hex](bool repairs) {
      const bool is_so = find_root_mount(context.instance, RootMountKind::image, hex) &&
                         !image::has_image(context.database, "sha256:" + hex);
      if (is_so && repairs) detach_root_mount(context.instance, RootMountKind::image, hex);
      return is_so;
    };
    found.push_back({"mount", *path, "is of an image that is gone", "unmounted", examine});
  }
}

// ---- volumes, whose options are mounted while a container runs with them

bool is_unused_volume(storage::Database& database, const std::string& name) {
  const std::optional<Volume> volume = find_volume(database, name);
  // What somebody has mounted there by hand is his.
  if (volume && volume->options.empty()) return false;
  return !volume || !has_running_user(database, name, "");
}

void add_volume(EngineContext& context, const std::string& path, Suspicions& found) {
  const std::string name = name_below(context.instance.volumes(), path);
  if (name.empty() || path != volume_data(context.instance, name) || !is_unused_volume(context.database, name)) return;
  const auto examine = [&context, name, path](bool repairs) {
    const bool is_so = is_unused_volume(context.database, name) && mount_points().contains(path);
    // It looks once more, while nobody else mounts the volume.
    if (is_so && repairs) unmount_unused_volume(context, name, "");
    return is_so;
  };
  found.push_back(
      {"mount", path, fmt::format("is of volume {}, which no container that runs uses", name), "unmounted", examine});
}

// ---- a container's own directories: its root is mounted where the host does not see it, but for the above

void add_container(EngineContext& context, const Picture& picture, const std::string& path, Suspicions& found) {
  const storage::Instance& instance = context.instance;
  std::string id = name_below(instance.root + "/containers", path);
  if (id.empty()) id = name_below(instance.state + "/containers", path);
  if (!is_container_id(id) || picture.is_alive(id)) return;
  const auto examine = [&context, id, path](bool repairs) {
    const std::optional<Unowned> unowned = Unowned::hold(context, id);
    if (!unowned || !mount_points().contains(path)) return false;
    if (repairs) unmount_all(path);
    return true;
  };
  found.push_back({"mount", path, fmt::format("is of container {}, which does not run", name_of(picture, id)),
                   "unmounted", examine});
}

}  // namespace

Suspicions look_for_mounts(EngineContext& context, const Picture& picture) {
  Suspicions found;
  add_root_mounts(context, picture, found);
  for (const std::string& path : mount_points()) {
    add_volume(context, path, found);
    add_container(context, picture, path, found);
  }
  return found;
}

}  // namespace minidock::check
