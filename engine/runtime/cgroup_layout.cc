#include "engine/runtime/cgroup_layout.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/file.h"
#include "base/syscall.h"
#include "engine/runtime/cgroup_v2.h"

namespace minidock::runtime {
namespace {

// The words of `text` between `separators`.
std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of(separators);
    if (end != 0) words.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return words;
}

constexpr std::array<std::string_view, 15> kControllers{"memory",  "cpu",     "cpuacct",    "cpuset",  "pids",
                                                        "blkio",   "devices", "freezer",    "net_cls", "net_prio",
                                                        "hugetlb", "rdma",    "perf_event", "debug",   "misc"};

bool is_controller(std::string_view word) {
  return std::find(kControllers.begin(), kControllers.end(), word) != kControllers.end();
}

// proc_pid_mountinfo(5): "36 31 0:33 / /sys/fs/cgroup/memory rw shared:5 - cgroup cgroup rw,memory"
void add_mount(std::string_view line, const std::function<bool(const std::string& mount)>& is_visible,
               CgroupLayout& layout) {
  const std::size_t separator = line.find(" - cgroup ");
  if (separator == std::string_view::npos) return;
  const std::vector<std::string_view> place = split(line.substr(0, separator), " ");
  const std::vector<std::string_view> type = split(line.substr(separator + 3), " ");
  if (place.size() < 5 || type.size() < 3) return;
  V1Hierarchy hierarchy{std::string(place[4]), {}};
  for (const std::string_view option : split(type[2], ",")) {
    if (is_controller(option) || option.starts_with("name=")) hierarchy.names.emplace_back(option);
  }
  if (hierarchy.names.empty()) return;
  const bool is_known = std::any_of(layout.hierarchies.begin(), layout.hierarchies.end(),
                                    [&](const V1Hierarchy& other) { return other.names == hierarchy.names; });
  if (is_known || !is_visible(hierarchy.mount)) return;
  for (const std::string& name : hierarchy.names) {
    if (is_controller(name)) layout.v1.emplace(name, hierarchy.mount);
  }
  layout.hierarchies.push_back(std::move(hierarchy));
}

bool is_group(const std::string& directory) { return file::exists(directory + "/cgroup.procs"); }

bool v1_has(const CgroupLayout& layout, std::string_view controller, const char* file) {
  const auto mount = layout.v1.find(controller);
  return mount != layout.v1.end() && file::exists(mount->second + "/" + file);
}

// The root of the v2 hierarchy has no limits: whether the kernel knows swap's is seen in the caller's own group.
bool v2_has_swap() {
  const std::string own = own_v2_cgroup();
  if (own == "/") return true;
  const Fd group = open_v2_cgroup(own);
  return group && sys::openat_unless(group.get(), "memory.swap.max", O_RDONLY, 0, ENOENT).valid();
}

// I/O weights need a scheduler or cost model that follows them.
bool v2_has_weight() {
  const Fd root = open_v2_cgroup("/");
  return file::exists("/sys/module/bfq") ||
         (root && sys::openat_unless(root.get(), "io.cost.qos", O_RDONLY, 0, ENOENT).valid());
}

void add_v2_support(const CgroupLayout& layout, LimitSupport& support) {
  if (layout.v2.contains("memory")) {
    support.memory = support.memory_reservation = true;
    support.swap = v2_has_swap();
  }
  if (layout.v2.contains("cpu")) support.cpu_shares = support.cpu_quota = true;
  if (layout.v2.contains("cpuset")) support.cpuset = true;
  if (layout.v2.contains("pids")) support.pids = true;
  if (layout.v2.contains("io")) {
    support.block_io_throttle = true;
    support.block_io_weight = support.block_io_weight_device = v2_has_weight();
  }
}

}  // namespace

CgroupLayout parse_cgroup_layout(std::string_view mountinfo, std::string_view v2_controllers,
                                 const std::function<bool(const std::string& mount)>& is_visible) {
  CgroupLayout layout;
  for (const std::string_view line : split(mountinfo, "\n")) add_mount(line, is_visible, layout);
  for (const std::string_view controller : split(v2_controllers, " \n")) layout.v2.emplace(controller);
  return layout;
}

CgroupLayout read_cgroup_layout() {
  const Fd root = open_v2_cgroup("/");
  const std::string controllers = root ? file::read(sys::openat(root.get(), "cgroup.controllers", O_RDONLY).get()) : "";
  return parse_cgroup_layout(file::read("/proc/self/mountinfo"), controllers, is_group);
}

CgroupLayout read_v1_layout() { return parse_cgroup_layout(file::read("/proc/self/mountinfo"), "", is_group); }

bool is_v2_only() {
  struct statfs info {};
  return ::statfs("/sys/fs/cgroup", &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC;
}

LimitSupport supported_limits() {
  const CgroupLayout layout = read_cgroup_layout();
  LimitSupport support;
  support.memory = v1_has(layout, "memory", "memory.limit_in_bytes");
  support.swap = v1_has(layout, "memory", "memory.memsw.limit_in_bytes");
  support.memory_reservation = v1_has(layout, "memory", "memory.soft_limit_in_bytes");
  support.memory_swappiness = v1_has(layout, "memory", "memory.swappiness");
  support.disable_oom_killer = v1_has(layout, "memory", "memory.oom_control");
  support.cpu_shares = v1_has(layout, "cpu", "cpu.shares");
  support.cpu_quota = v1_has(layout, "cpu", "cpu.cfs_quota_us");
  support.cpu_realtime = v1_has(layout, "cpu", "cpu.rt_runtime_us");
  support.cpuset = layout.v1.contains("cpuset");
  support.pids = layout.v1.contains("pids");
  support.block_io_weight = v1_has(layout, "blkio", "blkio.weight") || v1_has(layout, "blkio", "blkio.bfq.weight");
  support.block_io_weight_device =
      v1_has(layout, "blkio", "blkio.weight_device") || v1_has(layout, "blkio", "blkio.bfq.weight_device");
  support.block_io_throttle = v1_has(layout, "blkio", "blkio.throttle.read_bps_device");
  add_v2_support(layout, support);
  return support;
}

}  // namespace minidock::runtime
