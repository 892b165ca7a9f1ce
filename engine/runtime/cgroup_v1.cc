#include "engine/runtime/cgroup_v1.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <charconv>
#include <filesystem>

#include "base/file.h"
#include "base/path.h"
#include "base/syscall.h"
#include "engine/runtime/cgroup_layout.h"
#include "engine/runtime/cgroup_v2.h"

namespace minidock::runtime {
namespace {

constexpr mode_t kDirectoryMode = 0755;

std::string first_line(const std::string& path) {
  const std::string text = file::read(path);
  return text.substr(0, text.find('\n'));
}

// Each directory from below `mount` down to the group.
std::vector<std::string> levels(const std::string& mount, const std::string& path) {
  std::vector<std::string> result;
  const std::string clean = path::clean_absolute(path);
  for (std::size_t slash = clean.find('/', 1);; slash = clean.find('/', slash + 1)) {
    result.push_back(mount + clean.substr(0, slash));
    if (slash == std::string::npos) return result;
  }
}

void inherit_cpuset(const std::string& parent, const std::string& group) {
  for (const char* file : {"/cpuset.cpus", "/cpuset.mems"}) {
    if (first_line(group + file).empty()) file::write_existing(group + file, first_line(parent + file));
  }
}

std::int64_t number_in(const std::string& path) {
  const std::string text = first_line(path);
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::int64_t realtime_of_groups_below(const std::string& directory, const std::string& except) {
  std::int64_t sum = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.is_directory() && entry.path() != except) sum += number_in(entry.path().string() + "/cpu.rt_runtime_us");
  }
  return sum;
}

}  // namespace

Fd make_v1_group(const std::string& mount, const std::string& path) {
  const bool has_cpuset = file::exists(mount + "/cpuset.cpus");
  std::string parent = mount;
  for (const std::string& group : levels(mount, path)) {
    sys::mkdirat_if_absent(AT_FDCWD, group, kDirectoryMode);
    if (has_cpuset) inherit_cpuset(parent, group);
    parent = group;
  }
  return sys::open(parent, O_RDONLY | O_DIRECTORY);
}

void make_room_for_realtime(const std::string& mount, const std::string& path, std::int64_t runtime) {
  std::vector<std::string> groups = levels(mount, path);
  for (std::size_t i = 0; i + 1 < groups.size(); ++i) {
    const std::int64_t needed = realtime_of_groups_below(groups[i], groups[i + 1]) + runtime;
    const std::string file = groups[i] + "/cpu.rt_runtime_us";
    if (number_in(file) < needed) file::write_existing(file, fmt::format("{}", needed));
  }
}

std::string v1_group_of(const std::string& proc_cgroup, const std::string& controller) {
  for (std::size_t start = 0; start < proc_cgroup.size();) {
    const std::size_t end = std::min(proc_cgroup.find('\n', start), proc_cgroup.size());
    const std::string_view line = std::string_view(proc_cgroup).substr(start, end - start);
    start = end + 1;
    // "4:memory,hugetlb:/minidock/x"
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string list = fmt::format(",{},", line.substr(first + 1, second - first - 1));
    if (list.find("," + controller + ",") != std::string::npos) return std::string(line.substr(second + 1));
  }
  return "";
}

void remove_v1_groups(const std::string& path) {
  if (is_v2_only()) return;
  for (const V1Hierarchy& hierarchy : read_v1_layout().hierarchies) {
    const std::string group = hierarchy.mount + path::clean_absolute(path);
    const Fd directory = sys::openat_unless(AT_FDCWD, group, O_RDONLY | O_DIRECTORY, 0, ENOENT);
    if (!directory) continue;
    remove_groups_below(directory.get());
    sys::unlinkat_if_present(AT_FDCWD, group, AT_REMOVEDIR);
  }
}

}  // namespace minidock::runtime
