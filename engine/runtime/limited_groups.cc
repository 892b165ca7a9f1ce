#include "engine/runtime/limited_groups.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/explain.h"
#include "base/file.h"
#include "base/path.h"
#include "base/syscall.h"
#include "base/trace.h"
#include "engine/runtime/cgroup_v1.h"
#include "engine/runtime/cgroup_v2.h"
#include "engine/runtime/handshake.h"

namespace minidock::runtime {
namespace {

constexpr char kProcesses[] = "cgroup.procs";

Fd open_processes(int group) { return sys::openat(group, kProcesses, O_WRONLY); }

// Of v1: a thread that moves itself there, and no other, does not have to wait for a grace period of the kernel's.
Fd open_tasks(int group) { return sys::openat(group, "tasks", O_WRONLY); }

void enter(int group, pid_t pid) { sys::write_all(open_processes(group).get(), fmt::format("{}", pid)); }

[[noreturn]] void throw_missing(const std::string& controller) {
  throw Error(ErrorKind::unsupported,
              fmt::format("this machine has no cgroup controller \"{}\", which a limit needs", controller));
}

void check_v1_only(const CgroupLayout& layout, const ResourceLimits& limits) {
  const bool memory = limits.memory_swappiness || limits.disable_oom_killer;
  if (memory && !layout.v1.contains("memory")) {
    throw Error(ErrorKind::unsupported, "memory swappiness and disabling the OOM killer need cgroup v1");
  }
  const bool realtime = limits.cpu_realtime_runtime || limits.cpu_realtime_period;
  if (realtime && !layout.v1.contains("cpu")) {
    throw Error(ErrorKind::unsupported, "CPU real-time scheduling needs cgroup v1");
  }
}

// Moves everything below the v2 group into the v1 group. Processes that are made meanwhile begin where their parent is:
// done when a round finds nobody outside.
void gather(int v2_group, int v1_group) {
  constexpr int kRounds = 100;
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<pid_t> inside = processes_of_cgroup(v1_group);
    const std::set<pid_t> known(inside.begin(), inside.end());
    bool all_inside = true;
    for (const pid_t pid : processes_of_cgroup(v2_group)) {
      if (known.contains(pid)) continue;
      all_inside = false;
      try {
        enter(v1_group, pid);
      } catch (const SysError& error) {
        if (error.error_number() != ESRCH) throw;  // it has ended
      }
    }
    if (all_inside) return;
  }
  throw Error(ErrorKind::unavailable, "the container makes processes faster than they can be limited");
}

// Values as they were, to be put back.
class Undo {
 public:
  ~Undo() {
    for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) restore(*change);
  }
  void remember(int group, const std::vector<ControlSetting>& settings) {
    for (const ControlSetting& setting : settings) {
      for (const std::string& file : {setting.file, setting.other_file}) {
        const Fd control = file.empty() ? Fd() : sys::openat_unless(group, file, O_RDONLY, 0, ENOENT);
        if (control) changes_.push_back({sys::dup_cloexec(group), file, file::read(control.get())});
      }
    }
  }
  void release() { changes_.clear(); }

 private:
  struct Change {
    Fd group;
    std::string file;
    std::string value;
  };
  static void restore(const Change& change) noexcept {
    try {
      sys::write_all(sys::openat(change.group.get(), change.file, O_WRONLY).get(), change.value);
    } catch (const Error& error) {
      // On the way out of the failure that is to be shown. Most often a value that had not been changed.
      trace::note(error.message());
    }
  }
  std::vector<Change> changes_;
};

}  // namespace

void parent_send_groups(int channel, const ChildGroups& groups) {
  for (const std::vector<Fd>* list : {&groups.first, &groups.aside, &groups.last}) {
    std::vector<int> fds;
    for (const Fd& group : *list) fds.push_back(group.get());
    send_step(channel, Step::groups, {}, fds);
  }
}

ChildGroups child_receive_groups(int channel) {
  ChildGroups groups;
  for (std::vector<Fd>* list : {&groups.first, &groups.aside, &groups.last}) {
    *list = std::move(expect_step(channel, Step::groups).fds);
  }
  return groups;
}

void child_enter_groups(const std::vector<Fd>& groups) {
  for (const Fd& group : groups) sys::write_all(group.get(), "0");
}

bool LimitedGroups::V1Group::limits_memory() const {
  return std::any_of(settings.begin(), settings.end(),
                     [](const ControlSetting& setting) { return setting.controller == "memory"; });
}

LimitedGroups LimitedGroups::plan(const std::string& cgroups_path, const ResourceLimits& limits) {
  LimitedGroups groups;
  if (cgroups_path.empty() || (limits == ResourceLimits{} && is_v2_only())) return groups;
  groups.path_ = cgroups_path;
  const CgroupLayout layout = read_cgroup_layout();
  check_v1_only(layout, limits);
  // A v1 hierarchy that has only a name is the service manager's.
  if (!layout.v1.empty()) {
    for (const V1Hierarchy& hierarchy : layout.hierarchies) groups.v1_.push_back({hierarchy, {}});
  }
  for (ControlSetting& setting : v1_settings(limits)) {
    const auto mount = layout.v1.find(setting.controller);
    if (mount != layout.v1.end()) {
      const auto group = std::find_if(groups.v1_.begin(), groups.v1_.end(), [&](const V1Group& candidate) {
        return candidate.hierarchy.mount == mount->second;
      });
      group->settings.push_back(std::move(setting));
    } else if (!layout.v2.contains(setting.controller == "blkio" ? "io" : setting.controller)) {
      throw_missing(setting.controller);
    }
  }
  for (ControlSetting& setting : v2_settings(limits)) {
    if (!layout.v2.contains(setting.controller)) continue;
    if (setting.controller == "memory") groups.has_v2_memory_limit_ = true;
    groups.v2_.push_back(std::move(setting));
  }
  return groups;
}

Fd LimitedGroups::make(const V1Group& group) const {
  const auto realtime = std::find_if(group.settings.begin(), group.settings.end(),
                                     [](const ControlSetting& setting) { return setting.file == "cpu.rt_runtime_us"; });
  Fd directory = make_v1_group(group.hierarchy.mount, path_);
  if (realtime != group.settings.end()) {
    make_room_for_realtime(group.hierarchy.mount, path_, std::stoll(realtime->value));
  }
  return directory;
}

// Without a limit there, a hierarchy that cannot be written (of a container in a container) is passed over.
Fd LimitedGroups::make_if_possible(const V1Group& group) const {
  try {
    return make(group);
  } catch (const SysError& error) {
    if (!group.settings.empty()) throw;
    trace::note(error.message());
    return Fd();
  }
}

void LimitedGroups::add_v2(int cgroup, ChildGroups& groups) const {
  if (!has_v2_memory_limit_) return;
  groups.aside.push_back(open_processes(open_v2_cgroup(own_v2_cgroup()).get()));
  groups.last.push_back(open_processes(cgroup));
}

ChildGroups LimitedGroups::open_v2_for_child(int cgroup) const {
  ChildGroups groups;
  add_v2(cgroup, groups);
  return groups;
}

ChildGroups LimitedGroups::open_v1_for_child(int cgroup) const {
  const explain::Step step("cgroup", [&] { return fmt::format("made in {} v1 hierarchies", v1_.size()); });
  ChildGroups groups;
  add_v2(cgroup, groups);
  if (has_v2_memory_limit_) groups.first.push_back(open_processes(cgroup));
  for (const V1Group& group : v1_) {
    const Fd directory = make_if_possible(group);
    if (!directory) continue;
    groups.first.push_back(open_tasks(directory.get()));
    if (!group.limits_memory()) continue;
    groups.aside.push_back(open_tasks(make_v1_group(group.hierarchy.mount, path::parent_of(path_)).get()));
    groups.last.push_back(open_tasks(directory.get()));
  }
  return groups;
}

std::vector<V1Directory> LimitedGroups::directories() const {
  std::vector<V1Directory> result;
  for (const V1Group& group : v1_) {
    const std::string& mount = group.hierarchy.mount;
    V1Directory& entry =
        result.emplace_back(V1Directory{path::base_name(mount), mount + path::clean_absolute(path_), {}});
    for (const std::string& name : group.hierarchy.names) {
      if (name != entry.name && !name.starts_with("name=")) entry.links.push_back(name);
    }
  }
  return result;
}

void LimitedGroups::enable_v2() const {
  std::vector<std::string> controllers;
  for (const ControlSetting& setting : v2_) {
    if (controllers.empty() || controllers.back() != setting.controller) controllers.push_back(setting.controller);
  }
  enable_v2_controllers(path_, controllers);
}

void LimitedGroups::enforce(int cgroup) const {
  enable_v2();
  write_settings(cgroup, v2_);
  for (const V1Group& group : v1_) {
    if (!group.settings.empty()) write_settings(make(group).get(), group.settings);
  }
}

void LimitedGroups::change(int cgroup) const {
  Undo undo;
  enable_v2();
  undo.remember(cgroup, v2_);
  write_settings(cgroup, v2_);
  for (const V1Group& group : v1_) {
    if (group.settings.empty()) continue;
    const Fd directory = make(group);
    undo.remember(directory.get(), group.settings);
    write_settings(directory.get(), group.settings);
    gather(cgroup, directory.get());
  }
  undo.release();
}

ChildGroups open_groups_of(pid_t pid, const std::string& cgroups_path, int cgroup) {
  ChildGroups groups;
  if (cgroup >= 0) groups.last.push_back(open_processes(cgroup));
  const std::string memberships = file::read(fmt::format("/proc/{}/cgroup", pid));
  for (const V1Hierarchy& hierarchy : read_v1_layout().hierarchies) {
    const std::string group = v1_group_of(memberships, hierarchy.names.front());
    if (group != cgroups_path && !group.starts_with(cgroups_path + "/")) continue;
    groups.last.push_back(open_tasks(sys::open(hierarchy.mount + group, O_RDONLY | O_DIRECTORY).get()));
  }
  return groups;
}

}  // namespace minidock::runtime
