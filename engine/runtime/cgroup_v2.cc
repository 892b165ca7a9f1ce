#include "engine/runtime/cgroup_v2.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/statfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <dirent.h>
#include <array>

#include <cerrno>
#include <charconv>
#include <csignal>

#include "base/file.h"
#include "base/path.h"
#include "base/syscall.h"
#include "engine/runtime/container_process.h"

namespace minidock::runtime {
namespace {

constexpr mode_t kDirectoryMode = 0755;
// Processes that were killed leave the cgroup when the kernel gets to it; one that hangs in the kernel is reported.
constexpr int kEmptyTimeoutMs = 10'000;

Fd open_hierarchy() {
  for (const char* mount_point : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    Fd directory = sys::openat_unless(AT_FDCWD, mount_point, O_RDONLY | O_DIRECTORY, 0, ENOENT);
    struct statfs info {};
    if (directory && fstatfs(directory.get(), &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC) return directory;
  }
  return child_make_cgroup_mount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

std::string relative(const std::string& path) {
  const std::string clean = path::clean_absolute(path);
  if (clean == "/") throw Error(ErrorKind::invalid_argument, "the container's cgroup path is empty");
  return clean.substr(1);
}

// Invalid when it does not exist.
Fd open_if_exists(const std::string& path) {
  const Fd hierarchy = open_hierarchy();
  return sys::openat_unless(hierarchy.get(), relative(path), O_RDONLY | O_DIRECTORY, 0, ENOENT);
}

std::string read_control(int cgroup, const char* name) { return file::read(sys::openat(cgroup, name, O_RDONLY).get()); }

void kill_one_by_one(int cgroup) {
  const std::string pids = read_control(cgroup, "cgroup.procs");
  for (std::size_t at = 0; at < pids.size();) {
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(pids.data() + at, pids.data() + pids.size(), pid);
    if (error != std::errc()) break;
    if (pid > 0) ::kill(pid, SIGKILL);
    at = static_cast<std::size_t>(end - pids.data()) + 1;
  }
}

void kill_all(int cgroup) {
  const Fd control = sys::openat_unless(cgroup, "cgroup.kill", O_WRONLY, 0, ENOENT);
  if (control) return sys::write_all(control.get(), "1");
  kill_one_by_one(cgroup);
}

void wait_until_empty(int cgroup, const std::string& path) {
  const Fd events = sys::openat(cgroup, "cgroup.events", O_RDONLY);
  for (;;) {
    std::array<char, 256> text{};
    const std::size_t size = sys::pread(events.get(), text.data(), text.size(), 0);
    if (std::string_view(text.data(), size).find("populated 0") != std::string_view::npos) return;
    pollfd waiting{events.get(), POLLPRI, 0};
    const int ready = poll(&waiting, 1, kEmptyTimeoutMs);
    if (ready < 0 && errno != EINTR) throw SysError("poll of cgroup.events");
    if (ready == 0) {
      throw Error(ErrorKind::unavailable,
                  fmt::format("processes of cgroup {} did not end after SIGKILL; they hang in the kernel", path));
    }
  }
}

// Sub-groups that the container made; depth is bounded by the kernel's own path limit.
void remove_children(int cgroup) {
  const Fd listing = sys::openat(cgroup, ".", O_RDONLY | O_DIRECTORY);
  alignas(8) std::array<char, 8192> buffer{};
  for (;;) {
    const ssize_t got = getdents64(listing.get(), buffer.data(), buffer.size());
    if (got < 0) throw SysError("getdents64 of a cgroup");
    if (got == 0) return;
    for (ssize_t at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const struct dirent64*>(buffer.data() + at);
      at += entry->d_reclen;
      const std::string name = entry->d_name;
      if (entry->d_type != DT_DIR || name == "." || name == "..") continue;
      remove_children(sys::openat(cgroup, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).get());
      sys::unlinkat_if_present(cgroup, name, AT_REMOVEDIR);
    }
  }
}

}  // namespace

void kill_cgroup(const std::string& cgroups_path) {
  if (const Fd cgroup = open_if_exists(cgroups_path)) kill_all(cgroup.get());
}

void remove_cgroup(const std::string& cgroups_path) {
  if (cgroups_path.empty()) return;
  const Fd hierarchy = open_hierarchy();
  const std::string name = relative(cgroups_path);
  // Mostly it is empty already.
  if (unlinkat(hierarchy.get(), name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return;
  const Fd cgroup = sys::openat_unless(hierarchy.get(), name, O_RDONLY | O_DIRECTORY, 0, ENOENT);
  if (!cgroup) return;
  kill_all(cgroup.get());
  wait_until_empty(cgroup.get(), cgroups_path);
  remove_children(cgroup.get());
  sys::unlinkat_if_present(hierarchy.get(), name, AT_REMOVEDIR);
}

namespace {

void make_parents(int hierarchy, const std::string& name) {
  for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
    sys::mkdirat_if_absent(hierarchy, name.substr(0, slash), kDirectoryMode);
  }
}

}  // namespace

Fd open_or_make_cgroup(const std::string& cgroups_path) {
  const Fd hierarchy = open_hierarchy();
  const std::string name = relative(cgroups_path);
  make_parents(hierarchy.get(), name);
  sys::mkdirat_if_absent(hierarchy.get(), name, kDirectoryMode);
  return sys::openat(hierarchy.get(), name, O_RDONLY | O_DIRECTORY);
}

Cgroup Cgroup::create(const std::string& path) {
  const Fd hierarchy = open_hierarchy();
  const std::string name = relative(path);
  make_parents(hierarchy.get(), name);
  if (!sys::mkdirat_if_absent(hierarchy.get(), name, kDirectoryMode)) {
    remove_cgroup(path);
    sys::mkdirat(hierarchy.get(), name, kDirectoryMode);
  }
  Cgroup cgroup;
  cgroup.path_ = path;
  cgroup.fd_ = sys::openat(hierarchy.get(), name, O_RDONLY | O_DIRECTORY);
  return cgroup;
}

Cgroup& Cgroup::operator=(Cgroup&& other) noexcept {
  if (this == &other) return *this;
  remove();
  path_ = std::move(other.path_);
  other.path_.clear();
  fd_ = std::move(other.fd_);
  return *this;
}

void Cgroup::remove() noexcept {
  if (path_.empty()) return;
  try {
    remove_cgroup(path_);
  } catch (const Error& error) {
    // On the way out of another failure, which is the one to be shown.
    trace::note(error.message());
  }
}

Fd parent_open_cgroup_of(pid_t pid, const std::string& path) {
  if (path.empty()) return Fd();
  const std::string text = file::read(fmt::format("/proc/{}/cgroup", pid));
  // The v2 membership is the line "0::<path>".
  std::string current = path;
  const std::size_t line = text.rfind("0::", 0) == 0 ? 0 : text.find("\n0::");
  if (line != std::string::npos) {
    const std::size_t start = text.find("::", line) + 2;
    current = text.substr(start, text.find('\n', start) - start);
  }
  if (current != path && current.rfind(path + "/", 0) != 0) current = path;
  return open_if_exists(current);
}

void parent_delegate_cgroup(int cgroup, uid_t uid) {
  sys::fchownat(cgroup, "", uid, static_cast<gid_t>(-1), AT_EMPTY_PATH);
  for (const char* name : {"cgroup.procs", "cgroup.subtree_control", "cgroup.threads"}) {
    sys::fchownat(cgroup, name, uid, static_cast<gid_t>(-1), AT_SYMLINK_NOFOLLOW);
  }
}

Fd child_make_cgroup_mount(unsigned attributes) {
  const Fd context = sys::fsopen("cgroup2");
  sys::fsconfig_string(context.get(), "source", "cgroup");
  sys::fsconfig_create(context.get());
  return sys::fsmount(context.get(), attributes);
}

}  // namespace minidock::runtime
