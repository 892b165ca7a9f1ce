#include "storage/unpack/directories.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "base/syscall.h"
#include "storage/overlay_marks.h"
#include "storage/unpack/names.h"

namespace minidock::storage {
namespace {

constexpr std::size_t kRemembered = 64;
// As the kernel's own limit.
constexpr int kMaxLinks = 40;
// Components of one walk, those of links included: keeps the price of an entry bounded.
constexpr std::size_t kMaxSteps = 4096;
constexpr std::uint64_t kNoLinks = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;

// Puts the components of `path` on the stack, the first on top.
void push_components(std::vector<std::string>& pending, std::string_view path) {
  std::vector<std::string> components;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    components.emplace_back(path.substr(0, slash));
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  }
  pending.insert(pending.end(), std::make_move_iterator(components.rbegin()),
                 std::make_move_iterator(components.rend()));
}

std::string below(const std::string& parent, const std::string& name) {
  return parent.empty() ? name : parent + "/" + name;
}

}  // namespace

Fd open_child_directory(int parent, const std::string& name, int flags) {
  return sys::openat2(parent, name, flags | O_DIRECTORY | O_NOFOLLOW, 0, kNoLinks);
}

Directories::Directories(int root, const UnpackLimits& limits, Events events)
    : root_(root), limits_(limits), events_(std::move(events)) {}

DirectoryPtr Directories::open(std::string_view path) {
  for (Slot& slot : slots_) {
    if (slot.path == path) {
      slot.used = ++clock_;
      return slot.directory;
    }
  }
  DirectoryPtr directory = open_without_links(path);
  if (!directory) directory = walk(path);
  remember(path, directory);
  return directory;
}

void Directories::remember(std::string_view path, DirectoryPtr directory) {
  for (const Slot& slot : slots_) {
    if (slot.path == path) return;
  }
  if (slots_.size() < kRemembered) {
    slots_.push_back(Slot{std::string(path), std::move(directory), ++clock_});
    return;
  }
  Slot& oldest =
      *std::min_element(slots_.begin(), slots_.end(), [](const Slot& a, const Slot& b) { return a.used < b.used; });
  oldest = Slot{std::string(path), std::move(directory), ++clock_};
}

// One call for the usual case. Null when something is missing, is a link or is no directory.
DirectoryPtr Directories::open_without_links(std::string_view path) const {
  const std::string name = path.empty() ? "." : std::string(path);
  try {
    return std::make_shared<Directory>(
        Directory{sys::openat2(root_, name, O_PATH | O_DIRECTORY, 0, kNoLinks), std::string(path)});
  } catch (const SysError& error) {
    const int err = error.error_number();
    if (err == ENOENT || err == ELOOP || err == ENOTDIR) return nullptr;
    throw;
  }
}

DirectoryPtr Directories::walk(std::string_view path) {
  // Descriptors of all the directories from the root down, so that ".." in a link is a step back and no new walk.
  std::vector<Directory> trail;
  trail.push_back(Directory{sys::openat2(root_, ".", O_PATH | O_DIRECTORY, 0, kNoLinks), ""});
  std::vector<std::string> pending;
  push_components(pending, path);
  int links = 0;
  for (std::size_t steps = 0; !pending.empty(); ++steps) {
    if (steps >= kMaxSteps || links > kMaxLinks) {
      throw Error(ErrorKind::corrupt_data, fmt::format("archive: {} leads through too many links", printable(path)));
    }
    const std::string name = std::move(pending.back());
    pending.pop_back();
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      if (trail.size() > 1) trail.pop_back();
      continue;
    }
    const int parent = trail.back().fd.get();
    struct stat status {};
    if (fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode)) {
      ++links;
      const std::string target = sys::readlinkat(parent, name);
      if (target.starts_with('/')) trail.resize(1);
      push_components(pending, target);
      continue;
    }
    const std::string real_path = below(trail.back().path, name);
    if (trail.size() > limits_.max_depth || real_path.size() > limits_.max_path) {
      throw Error(ErrorKind::corrupt_data, fmt::format("archive: {} leads too deep", printable(path)));
    }
    Fd next = enter(parent, name, real_path);
    trail.push_back(Directory{std::move(next), real_path});
  }
  return std::make_shared<Directory>(std::move(trail.back()));
}

// Opens `name`, which is no link; makes it when it is missing or a whiteout.
Fd Directories::enter(int parent, const std::string& name, const std::string& real_path) {
  struct stat status {};
  const bool exists = fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  if (!exists && errno != ENOENT) throw SysError(fmt::format("cannot look up {}", printable(real_path)));
  if (exists && S_ISDIR(status.st_mode)) return open_child_directory(parent, name, O_PATH);
  if (exists && !is_whiteout(status)) {
    throw Error(ErrorKind::corrupt_data, fmt::format("archive: {} is not a directory", printable(real_path)));
  }
  if (exists) sys::unlinkat(parent, name, 0);
  sys::mkdirat(parent, name, 0755);
  Fd directory = open_child_directory(parent, name, O_RDONLY);
  // Group and set-group-ID bit may have come from the parent.
  sys::fchown(directory.get(), 0, 0);
  sys::fchmod(directory.get(), 0755);
  events_.created();
  if (exists) events_.was_white(real_path);
  return directory;
}

}  // namespace minidock::storage
