#include "engine/runtime/devices.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <array>
#include <string>

#include "base/explain.h"
#include "base/syscall.h"

namespace minidock::runtime {
namespace {

struct Node {
  const char* name;
  unsigned major;
  unsigned minor;
};

constexpr std::array kNodes = {Node{"null", 1, 3},   Node{"zero", 1, 5},    Node{"full", 1, 7},
                               Node{"random", 1, 8}, Node{"urandom", 1, 9}, Node{"tty", 5, 0}};

constexpr std::array<std::array<const char*, 2>, 6> kLinks = {{{"fd", "/proc/self/fd"},
                                                               {"stdin", "/proc/self/fd/0"},
                                                               {"stdout", "/proc/self/fd/1"},
                                                               {"stderr", "/proc/self/fd/2"},
                                                               {"core", "/proc/kcore"},
                                                               {"ptmx", "pts/ptmx"}}};

constexpr unsigned kMoveByFd = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;

void check_node(int fd, const Node& node) {
  const struct stat info = sys::fstat(fd);
  if (S_ISCHR(info.st_mode) && info.st_rdev == makedev(node.major, node.minor)) return;
  throw Error(ErrorKind::system,
              fmt::format("/dev/{} is not the character device {}:{}", node.name, node.major, node.minor));
}

Fd clone_host_node(const Node& node) {
  const Fd host = sys::open(fmt::format("/dev/{}", node.name), O_PATH | O_NOFOLLOW);
  check_node(host.get(), node);
  Fd tree = sys::open_tree(host.get(), "", OPEN_TREE_CLONE | static_cast<unsigned>(AT_EMPTY_PATH));
  struct mount_attr attributes {};
  attributes.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
  attributes.propagation = MS_PRIVATE;
  sys::mount_setattr(tree.get(), "", AT_EMPTY_PATH, attributes);
  return tree;
}

void make_empty_file(int dev, const char* name, mode_t mode) {
  sys::openat(dev, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
}

}  // namespace

std::vector<Fd> parent_clone_host_devices() {
  std::vector<Fd> clones;
  for (const Node& node : kNodes) clones.push_back(clone_host_node(node));
  return clones;
}

Fd parent_clone_null_device() { return clone_host_node(kNodes[0]); }

void child_populate_dev(int dev, bool has_clones, bool terminal) {
  const explain::Step step("device", [&] {
    return fmt::format(
        "{} {} and {} links in /dev: null zero full random urandom tty; fd stdin stdout stderr core ptmx",
        kNodes.size(), has_clones ? "places for nodes" : "nodes", kLinks.size());
  });
  for (const Node& node : kNodes) {
    if (has_clones) {
      make_empty_file(dev, node.name, 0666);
    } else {
      sys::mknodat(dev, node.name, S_IFCHR | 0666, makedev(node.major, node.minor));
    }
  }
  for (const auto& [name, target] : kLinks) {
    // Only of kernels that have it.
    if (std::string_view(name) == "core" && ::access(target, F_OK) != 0) continue;
    sys::symlinkat(target, dev, name);
  }
  if (terminal) make_empty_file(dev, "console", 0600);
}

void child_attach_devices(int dev, const std::vector<Fd>& clones) {
  if (clones.empty()) return;
  const explain::Step step("device",
                           [&] { return fmt::format("{} nodes of the host attached in /dev", clones.size()); });
  for (std::size_t i = 0; i < clones.size(); ++i) {
    const Fd target = sys::openat(dev, kNodes[i].name, O_PATH | O_NOFOLLOW);
    sys::move_mount(clones[i].get(), "", target.get(), "", kMoveByFd);
  }
}

void child_attach_console(int dev, int terminal) {
  const Fd tree = sys::open_tree(terminal, "", OPEN_TREE_CLONE | static_cast<unsigned>(AT_EMPTY_PATH));
  const Fd target = sys::openat(dev, "console", O_PATH | O_NOFOLLOW);
  sys::move_mount(tree.get(), "", target.get(), "", kMoveByFd);
}

Fd child_open_null(int dev) {
  Fd null = sys::openat(dev, kNodes[0].name, O_PATH | O_NOFOLLOW);
  check_node(null.get(), kNodes[0]);
  return null;
}

}  // namespace minidock::runtime
