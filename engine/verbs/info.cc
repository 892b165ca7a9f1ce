// docker's document of `info` (API: GET /info), with what is true of minidock.
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "base/file.h"
#include "base/format.h"
#include "engine/engine.h"
#include "engine/log_options.h"
#include "engine/runtime/cgroup_layout.h"

namespace minidock {
namespace {

constexpr long kXfsMagic = 0x58465342;

// The value of a line KEY="VALUE" of /etc/os-release (os-release(5)).
std::string os_release(const std::string& key) {
  std::istringstream lines(file::read_if_exists("/etc/os-release").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(key + "=")) continue;
    std::string value = line.substr(key.size() + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    return value;
  }
  return "";
}

// docker's names for file systems.
std::string backing_filesystem(const std::string& root) {
  struct statfs info {};
  if (::statfs(root.c_str(), &info) != 0) return "<unknown>";
  constexpr std::array<std::pair<long, const char*>, 5> kNames{{{EXT4_SUPER_MAGIC, "extfs"},
                                                                {kXfsMagic, "xfs"},
                                                                {BTRFS_SUPER_MAGIC, "btrfs"},
                                                                {TMPFS_MAGIC, "tmpfs"},
                                                                {OVERLAYFS_SUPER_MAGIC, "overlayfs"}}};
  for (const auto& [magic, name] : kNames) {
    if (info.f_type == magic) return name;
  }
  return "<unknown>";
}

bool file_holds(const std::string& path, std::string_view text) {
  const std::optional<std::string> content = file::read_if_exists(path);
  return content && content->starts_with(text);
}

// A limit goes to v1 wherever that has the controller.
bool uses_cgroup_v1() { return !runtime::read_v1_layout().v1.empty(); }

struct Counts {
  int running = 0;
  int paused = 0;
  int stopped = 0;
};

Counts count(const std::vector<Container>& containers) {
  Counts counts;
  for (const Container& container : containers) {
    ++(container.state.paused ? counts.paused : container.running() ? counts.running : counts.stopped);
  }
  return counts;
}

OrderedJson index_configs(const DaemonConfig& config) {
  OrderedJson configs = OrderedJson::object();
  for (const std::string& registry : config.insecure_registries) {
    configs[registry] = {{"Name", registry}, {"Mirrors", OrderedJson::array()}, {"Secure", false}, {"Official", false}};
  }
  configs["docker.io"] = {
      {"Name", "docker.io"}, {"Mirrors", OrderedJson::array()}, {"Secure", true}, {"Official", true}};
  return configs;
}

OrderedJson security_options(const DaemonConfig& config) {
  OrderedJson options = OrderedJson::array({"name=seccomp,profile=default"});
  if (!config.userns_remap.empty()) options.push_back("name=userns");
  if (!uses_cgroup_v1()) options.push_back("name=cgroupns");
  return options;
}

void add_resources(OrderedJson& document) {
  const runtime::LimitSupport support = runtime::supported_limits();
  document["MemoryLimit"] = support.memory;
  document["SwapLimit"] = support.swap;
  document["CpuCfsPeriod"] = support.cpu_quota;
  document["CpuCfsQuota"] = support.cpu_quota;
  document["CPUShares"] = support.cpu_shares;
  document["CPUSet"] = support.cpuset;
  document["PidsLimit"] = support.pids;
  document["IPv4Forwarding"] = file_holds("/proc/sys/net/ipv4/ip_forward", "1");
  document["OomKillDisable"] = support.disable_oom_killer;
}

void add_machine(OrderedJson& document) {
  struct utsname names {};
  ::uname(&names);
  struct sysinfo memory {};
  ::sysinfo(&memory);
  document["Name"] = names.nodename;
  document["KernelVersion"] = names.release;
  document["OperatingSystem"] = os_release("PRETTY_NAME");
  document["OSVersion"] = os_release("VERSION_ID");
  document["OSType"] = "linux";
  document["Architecture"] = names.machine;
  document["NCPU"] = ::sysconf(_SC_NPROCESSORS_ONLN);
  document["MemTotal"] = static_cast<std::uint64_t>(memory.totalram) * memory.mem_unit;
}

// The unit is for the default instance, where systemd is what starts after a boot.
bool lacks_boot_unit(const storage::Instance& instance) {
  return instance.root == storage::kDefaultRoot && file::exists("/run/systemd/system") &&
         !file::exists("/etc/systemd/system/multi-user.target.wants/minidock.service");
}

// docker's are about the kernel; null when there are none.
OrderedJson warnings(const storage::Instance& instance, const std::vector<Container>& containers) {
  const bool any_wanted = std::any_of(containers.begin(), containers.end(), [](const Container& container) {
    return container.definition.host.restart.name != "no";
  });
  if (!any_wanted || !lacks_boot_unit(instance)) return nullptr;
  return OrderedJson::array(
      {"WARNING: No container is started after a boot: `systemctl enable minidock` changes that"});
}

}  // namespace

OrderedJson Engine::info() {
  const std::vector<Container> containers = list_all();
  const Counts counts = count(containers);
  OrderedJson document{
      {"ID", ""},
      {"Containers", containers.size()},
      {"ContainersRunning", counts.running},
      {"ContainersPaused", counts.paused},
      {"ContainersStopped", counts.stopped},
      {"Images", images().size()},
      {"Driver", "overlay2"},
      {"DriverStatus",
       OrderedJson::array({OrderedJson::array({"Backing Filesystem", backing_filesystem(instance_.root)}),
                           OrderedJson::array({"Supports d_type", "true"}),
                           OrderedJson::array({"Native Overlay Diff", "true"}),
                           OrderedJson::array({"userxattr", "false"})})},
      {"Plugins",
       {{"Volume", {"local"}},
        {"Network", {"bridge", "host", "ipvlan", "macvlan", "null"}},
        {"Authorization", nullptr},
        {"Log", log_driver_names()}}}};
  add_resources(document);
  document["Debug"] = debug_;
  document["SystemTime"] = format::rfc3339_nano(format::now_ns());
  document["LoggingDriver"] = config_.log_driver.empty() ? kDefaultLogDriver : config_.log_driver;
  document["CgroupDriver"] = config_.systemd_cgroups ? "systemd" : "cgroupfs";
  document["CgroupVersion"] = uses_cgroup_v1() ? "1" : "2";
  add_machine(document);
  document["IndexServerAddress"] = "https://index.docker.io/v1/";
  document["RegistryConfig"] = {{"InsecureRegistryCIDRs", OrderedJson::array({"127.0.0.0/8"})},
                                {"IndexConfigs", index_configs(config_)},
                                {"Mirrors", OrderedJson::array()}};
  document["DockerRootDir"] = instance_.root;
  document["HttpProxy"] = "";
  document["HttpsProxy"] = "";
  document["NoProxy"] = "";
  document["Labels"] = OrderedJson::array();
  document["ExperimentalBuild"] = false;
  document["ServerVersion"] = "";
  document["Runtimes"] = {{"minidock-shim", {{"path", "minidock-shim"}}}};
  document["DefaultRuntime"] = "minidock-shim";
  document["Swarm"] = {{"NodeID", ""}, {"NodeAddr", ""}, {"LocalNodeState", "inactive"}, {"ControlAvailable", false}};
  document["LiveRestoreEnabled"] = true;
  document["InitBinary"] = "docker-init";
  document["SecurityOptions"] = security_options(config_);
  document["Warnings"] = warnings(instance_, containers);
  return document;
}

}  // namespace minidock
