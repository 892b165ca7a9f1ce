#include "engine/runtime/cgroup_v2.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
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
#include <cstring>
#include <functional>
#include <optional>

#include "base/file.h"
#include "base/path.h"
#include "base/syscall.h"
#include "engine/runtime/cgroup_v1.h"
#include "engine/runtime/container_process.h"
#include "engine/runtime/systemd_scope.h"

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

// The v2 membership in a text of /proc/PID/cgroup is the line "0::<path>".
std::optional<std::string> v2_path(const std::string& text) {
  const std::size_t line = text.starts_with("0::") ? 0 : text.find("\n0::");
  if (line == std::string::npos) return std::nullopt;
  const std::size_t start = text.find("::", line) + 2;
  return text.substr(start, text.find('\n', start) - start);
}

void append_pids(int cgroup, std::vector<pid_t>& pids) {
  const std::string text = read_control_file(cgroup, "cgroup.procs");
  for (std::size_t at = 0; at < text.size();) {
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), pid);
    if (error != std::errc()) break;
    if (pid > 0) pids.push_back(pid);
    at = static_cast<std::size_t>(end - text.data()) + 1;
  }
}

void kill_one_by_one(int cgroup) {
  for (const pid_t pid : processes_of_cgroup(cgroup)) ::kill(pid, SIGKILL);
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

// Calls `action` with the name of each group directly below.
void for_each_child(int cgroup, const std::function<void(const std::string& name)>& action) {
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
      if (entry->d_type == DT_DIR && name != "." && name != "..") action(name);
    }
  }
}

Fd open_child(int cgroup, const std::string& name) {
  return sys::openat_unless(cgroup, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, ENOENT);
}

// systemd removes it when it is empty, and would not notice when others did. It may do so between any two lines here.
void empty_scope(const std::string& cgroups_path) {
  try {
    const Fd cgroup = open_v2_cgroup(cgroups_path);
    if (!cgroup) return;
    kill_all(cgroup.get());
    wait_until_empty(cgroup.get(), cgroups_path);
  } catch (const SysError& error) {
    if (error.error_number() != ENODEV && error.error_number() != ENOENT) throw;
  }
}

void remove_from_v2(const std::string& cgroups_path) {
  const Fd hierarchy = open_hierarchy();
  const std::string name = relative(cgroups_path);
  // Mostly it is empty already.
  if (unlinkat(hierarchy.get(), name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return;
  const Fd cgroup = sys::openat_unless(hierarchy.get(), name, O_RDONLY | O_DIRECTORY, 0, ENOENT);
  if (!cgroup) return;
  kill_all(cgroup.get());
  wait_until_empty(cgroup.get(), cgroups_path);
  remove_groups_below(cgroup.get());
  sys::unlinkat_if_present(hierarchy.get(), name, AT_REMOVEDIR);
}

// `words` is "+memory +pids"; an ancestor of "" is the root.
void enable_below(int hierarchy, const std::string& ancestor, const std::string& words) {
  const std::string file = ancestor.empty() ? "cgroup.subtree_control" : ancestor + "/cgroup.subtree_control";
  try {
    sys::write_all(sys::openat(hierarchy, file, O_WRONLY).get(), words);
  } catch (const SysError& error) {
    if (error.error_number() != EBUSY) throw;
    throw Error(ErrorKind::conflict,
                fmt::format("cannot set limits below cgroup /{}: it has processes of its own; choose another "
                            "--cgroup-parent, or move them to a group below it",
                            ancestor),
                EBUSY);
  }
}

// What a container uses, and whether it ran out of memory, can be told only where these count. It is decided once, when
// the parent of all containers is made, so that no start pays for it.
void enable_accounting(int hierarchy, const std::string& name) {
  const std::string available = " " + read_control_file(hierarchy, "cgroup.controllers");
  std::vector<std::string> controllers;
  for (const char* controller : {"memory", "pids", "io"}) {
    const std::size_t at = available.find(fmt::format(" {}", controller));
    if (at != std::string::npos) controllers.emplace_back(controller);
  }
  try {
    enable_v2_controllers("/" + name, controllers);
  } catch (const Error& error) {
    // A host that does not let us count is no reason not to run: only `stats` is the poorer for it.
    trace::note(error.message());
  }
}

void make_parents(int hierarchy, const std::string& name) {
  bool is_new = false;
  for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
    is_new = sys::mkdirat_if_absent(hierarchy, name.substr(0, slash), kDirectoryMode) || is_new;
  }
  if (is_new) enable_accounting(hierarchy, name);
}

}  // namespace

Fd open_v2_cgroup(const std::string& path) {
  Fd hierarchy = open_hierarchy();
  if (path == "/") return hierarchy;
  return sys::openat_unless(hierarchy.get(), relative(path), O_RDONLY | O_DIRECTORY, 0, ENOENT);
}

std::string read_control_file(int group, const std::string& name) {
  try {
    const Fd file = group < 0 ? Fd() : sys::openat_unless(group, name, O_RDONLY, 0, ENOENT);
    return file ? file::read(file.get()) : "";
  } catch (const SysError& error) {
    // Reading a file of a removed group fails, also from the middle on.
    if (error.error_number() == ENODEV) return "";
    throw;
  }
}

std::string own_v2_cgroup() { return v2_path(file::read("/proc/self/cgroup")).value_or("/"); }

void enable_v2_controllers(const std::string& path, const std::vector<std::string>& controllers) {
  if (controllers.empty()) return;
  const Fd hierarchy = open_hierarchy();
  const std::string name = relative(path);
  const std::string words = fmt::format("+{}", fmt::join(controllers, " +"));
  for (std::size_t end = 0; end != std::string::npos; end = name.find('/', end + 1)) {
    enable_below(hierarchy.get(), name.substr(0, end), words);
  }
}

std::vector<pid_t> processes_of_cgroup(int cgroup) {
  std::vector<pid_t> pids;
  append_pids(cgroup, pids);
  for_each_child(cgroup, [&](const std::string& name) {
    if (const Fd child = open_child(cgroup, name)) {
      for (const pid_t pid : processes_of_cgroup(child.get())) pids.push_back(pid);
    }
  });
  return pids;
}

void remove_groups_below(int cgroup) {
  for_each_child(cgroup, [cgroup](const std::string& name) {
    if (const Fd child = open_child(cgroup, name)) remove_groups_below(child.get());
    sys::unlinkat_if_present(cgroup, name, AT_REMOVEDIR);
  });
}

void kill_cgroup(const std::string& cgroups_path) {
  if (const Fd cgroup = open_v2_cgroup(cgroups_path)) kill_all(cgroup.get());
}

void remove_cgroup(const std::string& cgroups_path) {
  if (cgroups_path.empty()) return;
  is_systemd_scope(cgroups_path) ? empty_scope(cgroups_path) : remove_from_v2(cgroups_path);
  remove_v1_groups(cgroups_path);
}

Fd open_or_make_cgroup(const std::string& cgroups_path) {
  const Fd hierarchy = open_hierarchy();
  const std::string name = relative(cgroups_path);
  make_parents(hierarchy.get(), name);
  sys::mkdirat_if_absent(hierarchy.get(), name, kDirectoryMode);
  return sys::openat(hierarchy.get(), name, O_RDONLY | O_DIRECTORY);
}

Cgroup Cgroup::create(const std::string& path) {
  if (is_systemd_scope(path)) return adopt(path);
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

Cgroup Cgroup::adopt(const std::string& path) {
  Cgroup cgroup;
  cgroup.fd_ = open_v2_cgroup(path);
  if (!cgroup.fd_) throw Error(ErrorKind::unavailable, fmt::format("systemd has not made cgroup {}", path));
  cgroup.path_ = path;
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
  std::string current = v2_path(file::read(fmt::format("/proc/{}/cgroup", pid))).value_or(path);
  if (current != path && current.rfind(path + "/", 0) != 0) current = path;
  return open_v2_cgroup(current);
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
