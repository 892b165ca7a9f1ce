#include "engine/upper_changes.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <set>

#include "base/directory.h"
#include "base/fd.h"
#include "base/syscall.h"
#include "engine/runtime/overlay.h"
#include "engine/runtime/userns.h"
#include "storage/overlay_marks.h"

namespace minidock {
namespace {

constexpr std::array<std::string_view, 9> kMountPoints = {
    "dev", "proc", "sys", "etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/mtab", ".dockerenv", "sbin/docker-init"};
// A few descriptors a level.
constexpr int kMaxDepth = 200;

using storage::is_opaque;
using storage::is_whiteout;
using Directories = std::vector<Fd>;  // of the layers, top first

std::optional<struct stat> look_up(int directory, const std::string& name) {
  struct stat status {};
  if (fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return status;
  if (errno == ENOENT) return std::nullopt;
  throw SysError("cannot read an object of a container's files");
}

// Invalid when it is gone, or no directory any more.
Fd open_directory(int parent, const std::string& name) {
  try {
    return sys::openat2(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
                        RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
  } catch (const SysError& error) {
    if (error.error_number() == ENOENT || error.error_number() == ENOTDIR || error.error_number() == ELOOP) return Fd();
    throw;
  }
}

void add_names(int directory, std::set<std::string>& names) {
  for (std::string& name : file::names_in(directory)) names.insert(std::move(name));
}

// An object as the layers together show it.
struct Lower {
  std::optional<struct stat> status;
  Directories directories;
};

Lower look_up_lower(const Directories& parents, const std::string& name) {
  Lower lower;
  for (const Fd& parent : parents) {
    const std::optional<struct stat> status = look_up(parent.get(), name);
    if (!status) continue;
    if (is_whiteout(*status) || (lower.status && !S_ISDIR(status->st_mode))) break;
    if (!lower.status) lower.status = status;
    if (!S_ISDIR(status->st_mode)) break;
    Fd directory = open_directory(parent.get(), name);
    const bool hides_others = is_opaque(directory.get());
    lower.directories.push_back(std::move(directory));
    if (hides_others) break;
  }
  return lower;
}

class Walk {
 public:
  Walk(const runtime::Spec& spec, UpperChanges& result) : spec_(spec), result_(result) {}

  // True when something was in it that the engine has made.
  bool walk(int upper, const Directories& lower, const std::string& path, int depth) {
    if (depth > kMaxDepth) throw Error(ErrorKind::unsupported, "the container's directories are nested too deep");
    std::set<std::string> names;
    add_names(upper, names);
    if (is_opaque(upper)) {
      for (const Fd& directory : lower) add_names(directory.get(), names);
    }
    bool has_mount_points = false;
    for (const std::string& name : names) {
      if (visit(upper, lower, name, path.empty() ? name : path + "/" + name, depth)) has_mount_points = true;
    }
    return has_mount_points;
  }

 private:
  bool visit(int upper, const Directories& parents, const std::string& name, const std::string& path, int depth) {
    const std::optional<struct stat> status = look_up(upper, name);
    const Lower lower = look_up_lower(parents, name);
    if (!status || is_whiteout(*status)) {
      if (lower.status) add(ChangeKind::deleted, path);
      return false;
    }
    if (S_ISDIR(status->st_mode)) return visit_directory(open_directory(upper, name), *status, lower, path, depth);
    if (!lower.status && is_mount_point(path) && S_ISREG(status->st_mode) && status->st_size == 0) {
      result_.mount_points.push_back(path);
      return true;
    }
    if (!lower.status) {
      add(ChangeKind::added, path);
    } else if (differs(*lower.status, *status)) {
      add(ChangeKind::modified, path);
    }
    return false;
  }

  bool visit_directory(const Fd& directory, const struct stat& status, const Lower& lower, const std::string& path,
                       int depth) {
    if (!directory) return false;  // gone since
    const std::size_t place = result_.changes.size();
    add(lower.status ? ChangeKind::modified : ChangeKind::added, path);
    const bool has_mount_points = walk(directory.get(), lower.directories, path, depth + 1);
    if (result_.changes.size() > place + 1) return false;  // it has changes inside
    const bool is_engines = !lower.status && (has_mount_points || (is_mount_point(path) && is_empty(directory.get())));
    if (is_engines) result_.mount_points.push_back(path);
    const bool is_same =
        lower.status && S_ISDIR(lower.status->st_mode) && !differs(*lower.status, status, has_mount_points);
    if (is_engines || is_same) result_.changes.pop_back();
    return is_engines;
  }

  // `ignore_time`: the engine has made something in it.
  bool differs(const struct stat& before, const struct stat& now, bool ignore_time = false) const {
    if (before.st_mode != now.st_mode || before.st_rdev != now.st_rdev) return true;
    if (runtime::to_host_id(spec_.uid_mappings, before.st_uid) != now.st_uid) return true;
    if (runtime::to_host_id(spec_.gid_mappings, before.st_gid) != now.st_gid) return true;
    if (!S_ISDIR(now.st_mode) && before.st_size != now.st_size) return true;
    return !ignore_time &&
           (before.st_mtim.tv_sec != now.st_mtim.tv_sec || before.st_mtim.tv_nsec != now.st_mtim.tv_nsec);
  }

  static bool is_mount_point(const std::string& path) {
    return std::find(kMountPoints.begin(), kMountPoints.end(), path) != kMountPoints.end();
  }

  static bool is_empty(int directory) {
    std::set<std::string> names;
    add_names(directory, names);
    return names.empty();
  }

  void add(ChangeKind kind, const std::string& path) { result_.changes.push_back({kind, "/" + path}); }

  const runtime::Spec& spec_;
  UpperChanges& result_;
};

}  // namespace

UpperChanges find_upper_changes(const runtime::Spec& spec) {
  UpperChanges result;
  const Fd store = sys::open(spec.rootfs.store, O_PATH | O_DIRECTORY);
  Directories layers;
  for (const std::string& layer : spec.rootfs.layers) {
    layers.push_back(runtime::open_layer(store.get(), spec.rootfs.store, layer, O_RDONLY));
  }
  const Fd upper = sys::open(spec.rootfs.upper, O_RDONLY | O_DIRECTORY);
  Walk(spec, result).walk(upper.get(), layers, "", 0);
  return result;
}

}  // namespace minidock
