#include "engine/spec_builder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "engine/attachments.h"
#include "engine/capabilities.h"
#include "engine/device_options.h"
#include "engine/resources.h"
#include "engine/seccomp/seccomp.h"
#include "engine/security_options.h"
#include "engine/ulimits.h"
#include "engine/user_mounts.h"
#include "storage/layer_store.h"

namespace minidock {
namespace {

constexpr char kDefaultPath[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr char kInitDestination[] = "/sbin/docker-init";

using Kind = NamespaceChoice::Kind;
using Words = std::vector<std::string>;

// ---- namespaces

void add_namespace(runtime::Spec& spec, const char* type, const NamespaceChoice& choice) {
  if (choice.kind == Kind::host) return;
  spec.namespaces.push_back({type, choice.path});
}

void set_namespaces(runtime::Spec& spec, const SpecInputs& inputs) {
  const NamespaceChoices& chosen = inputs.namespaces;
  spec.namespaces.push_back({"mount", ""});
  add_namespace(spec, "uts", chosen.uts);
  add_namespace(spec, "ipc", chosen.ipc);
  add_namespace(spec, "pid", chosen.pid);
  add_namespace(spec, "network", chosen.network);
  add_namespace(spec, "cgroup", chosen.cgroup);
  if (chosen.user.kind != Kind::host) {
    spec.namespaces.push_back({"user", chosen.user.path});
    spec.uid_mappings = inputs.mappings.uids;
    spec.gid_mappings = inputs.mappings.gids;
  }
}

// ---- mounts

// POSIX message queues and shared memory: the container's own, or with the IPC namespace that it joins.
void add_ipc_mounts(runtime::Spec& spec, const SpecInputs& inputs) {
  const Words plain{"nosuid", "noexec", "nodev"};
  const NamespaceChoice& ipc = inputs.namespaces.ipc;
  if (ipc.kind == Kind::host) {
    for (const char* path : {"/dev/mqueue", "/dev/shm"}) {
      if (!file::exists(path)) continue;  // a host without one has nothing to share
      spec.mounts.push_back({path, "bind", path, {"rbind", "nosuid", "noexec", "nodev"}});
    }
    return;
  }
  spec.mounts.push_back({"/dev/mqueue", "mqueue", "mqueue", plain});
  if (inputs.definition.host.ipc_mode == "none") return;
  if (ipc.container) {
    spec.mounts.push_back({"/dev/shm", "bind", fmt::format("/proc/{}/root/dev/shm", ipc.container->pid), plain});
    return;
  }
  spec.mounts.push_back(
      {"/dev/shm",
       "tmpfs",
       "shm",
       {"nosuid", "noexec", "nodev", "mode=1777", fmt::format("size={}", inputs.definition.host.shm_size)}});
}

void add_system_mounts(runtime::Spec& spec, const SpecInputs& inputs) {
  const bool privileged = inputs.definition.host.privileged;
  const Words plain{"nosuid", "noexec", "nodev"};
  Words sys = plain;
  if (!privileged) sys.emplace_back("ro");
  // docker: the container's cgroup is writable under remapping (its files belong to the host's root) or when
  // privileged.
  Words cgroup = plain;
  const bool writable_cgroups = parse_security_options(inputs.definition.host.security_options).writable_cgroups;
  if (!privileged && !writable_cgroups && inputs.namespaces.user.kind == Kind::host) cgroup.emplace_back("ro");

  spec.mounts.push_back({"/proc", "proc", "proc", plain});
  spec.mounts.push_back({"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}});
  spec.mounts.push_back(
      {"/dev/pts", "devpts", "devpts", {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}});
  spec.mounts.push_back({"/sys", "sysfs", "sysfs", sys});
  spec.mounts.push_back({"/sys/fs/cgroup", "cgroup", "cgroup", cgroup});
  add_ipc_mounts(spec, inputs);
}

bool is_destination(const ContainerDefinition& definition, const std::string& path) {
  return std::any_of(definition.mount_points.begin(), definition.mount_points.end(),
                     [&](const MountPoint& mount) { return mount.destination == path; });
}

void add_engine_files(runtime::Spec& spec, const SpecInputs& inputs) {
  const std::string directory = network_files_directory(inputs.instance, inputs.definition);
  Words words{"rbind", "rprivate"};
  if (inputs.definition.host.readonly_rootfs) words.emplace_back("ro");
  for (const char* name : {"resolv.conf", "hostname", "hosts"}) {
    const std::string destination = fmt::format("/etc/{}", name);
    if (is_destination(inputs.definition, destination)) continue;
    spec.mounts.push_back({destination, "bind", directory + "/" + name, words});
  }
}

void add_user_mounts(runtime::Spec& spec, const SpecInputs& inputs) {
  std::vector<runtime::Mount> mounts = user_mounts(inputs.instance, inputs.definition);
  spec.mounts.insert(spec.mounts.end(), mounts.begin(), mounts.end());
}

// ---- --init

// Debian's packages of the small init programs, in order of docker's own preference.
std::string find_init_program() {
  for (const char* path : {"/usr/bin/docker-init", "/usr/libexec/docker/docker-init", "/usr/bin/tini-static",
                           "/usr/bin/catatonit", "/usr/libexec/podman/catatonit"}) {
    if (file::exists(path)) return path;
  }
  throw Error(
      ErrorKind::not_found,
      "--init needs an init program: install tini (or catatonit), no docker-init, tini-static or catatonit found");
}

void add_init(runtime::Spec& spec, const SpecInputs& inputs) {
  if (!inputs.definition.host.init.value_or(inputs.config.init)) return;
  spec.mounts.push_back({kInitDestination, "bind", find_init_program(), {"bind", "ro", "rprivate"}});
  const Words init{kInitDestination, "--"};
  spec.process.args.insert(spec.process.args.begin(), init.begin(), init.end());
}

// ---- process, rootfs

void set_security(runtime::Spec& spec, const SpecInputs& inputs, const Words& capabilities) {
  const SecurityOptions security = parse_security_options(inputs.definition.host.security_options);
  spec.process.no_new_privileges = security.no_new_privileges;
  if (security.no_seccomp || (inputs.definition.host.privileged && security.seccomp_profile.empty())) return;
  const std::string cache = inputs.instance.cache() + "/seccomp";
  spec.seccomp_bpf_file = security.seccomp_profile.empty()
                              ? seccomp::default_profile_file(cache, capabilities)
                              : seccomp::profile_file(cache, security.seccomp_profile, capabilities);
}

void set_process(runtime::Spec& spec, const SpecInputs& inputs) {
  const ContainerDefinition& definition = inputs.definition;
  runtime::Process& process = spec.process;
  process.terminal = definition.config.tty;
  process.user = definition.config.user;
  process.args = definition.args;
  process.env = process_environment(definition, inputs.link_env);
  process.cwd = definition.config.working_dir.empty() ? "/" : definition.config.working_dir;
  const Words capabilities =
      effective_capabilities(definition.host.privileged, definition.host.cap_add, definition.host.cap_drop);
  process.capabilities.bounding = capabilities;
  process.capabilities.effective = capabilities;
  process.capabilities.permitted = capabilities;
  process.rlimits = rlimits(definition.host.resources.ulimits);
  process.additional_groups = definition.host.group_add;
  if (definition.host.oom_score_adj != 0) process.oom_score_adj = definition.host.oom_score_adj;
  if (!definition.host.umask.empty()) {
    process.umask = static_cast<std::uint32_t>(std::stoul(definition.host.umask, nullptr, 8));
  }
  set_security(spec, inputs, capabilities);
}

void set_rootfs(runtime::Spec& spec, const SpecInputs& inputs) {
  const std::string directory = inputs.instance.container_dir(inputs.definition.id);
  spec.rootfs.store = inputs.instance.layers();
  for (auto layer = inputs.definition.layers.rbegin(); layer != inputs.definition.layers.rend(); ++layer) {
    spec.rootfs.layers.push_back(storage::layer_directory_name(*layer));
  }
  const HostConfig& host = inputs.definition.host;
  if (!host.rootfs.empty() && !host.rootfs_overlay) spec.rootfs.directory = host.rootfs;
  if (host.rootfs_overlay) {
    spec.rootfs.store = path::parent_of(host.rootfs);
    spec.rootfs.layers = {path::base_name(host.rootfs)};
  }
  spec.rootfs.upper = directory + "/upper";
  spec.rootfs.work = directory + "/work";
  spec.rootfs.is_volatile = host.auto_remove;
  if (inputs.config.copy_layers) spec.rootfs.layer_mapping = runtime::LayerMapping::copy;
  spec.readonly_rootfs = host.readonly_rootfs;
}

void set_sysctls(runtime::Spec& spec, const SpecInputs& inputs) {
  const Kind network = inputs.namespaces.network.kind;
  if (network == Kind::own || network == Kind::none) {
    spec.sysctl["net.ipv4.ip_unprivileged_port_start"] = "0";
    if (inputs.namespaces.user.kind == Kind::host) spec.sysctl["net.ipv4.ping_group_range"] = "0 2147483647";
  }
  for (const auto& [name, value] : inputs.definition.host.sysctls) spec.sysctl[name] = value;
}

// --tz: the zone's file over the image's.
void add_time_zone(runtime::Spec& spec, const std::string& zone) {
  if (zone.empty()) return;
  const std::string file = zone == "local" ? "/etc/localtime" : "/usr/share/zoneinfo/" + zone;
  spec.mounts.push_back({"/etc/localtime", "bind", file, {"bind", "ro", "rprivate"}});
}

}  // namespace

void set_hidden_paths(runtime::Spec& spec) {
  spec.masked_paths = {"/proc/acpi",
                       "/proc/asound",
                       "/proc/interrupts",
                       "/proc/kcore",
                       "/proc/keys",
                       "/proc/latency_stats",
                       "/proc/sched_debug",
                       "/proc/scsi",
                       "/proc/timer_list",
                       "/proc/timer_stats",
                       "/sys/devices/virtual/powercap",
                       "/sys/firmware"};
  for (int cpu = 0;; ++cpu) {
    const std::string throttle = fmt::format("/sys/devices/system/cpu/cpu{}/thermal_throttle", cpu);
    // All processors have it or none has: the first without ends the search.
    if (!file::exists(throttle)) break;
    spec.masked_paths.push_back(throttle);
  }
  spec.readonly_paths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
}

std::vector<std::string> merge_environment(const std::vector<std::string>& base,
                                           const std::vector<std::string>& overrides) {
  std::vector<std::string> result = base;
  for (const std::string& entry : overrides) {
    const std::size_t equals = entry.find('=');
    const std::string key = entry.substr(0, equals);
    const auto existing = std::find_if(result.begin(), result.end(), [&](const std::string& candidate) {
      return candidate.compare(0, key.size() + 1, key + "=") == 0;
    });
    if (equals == std::string::npos) {
      if (existing != result.end()) result.erase(existing);
    } else if (existing != result.end()) {
      *existing = entry;
    } else {
      result.push_back(entry);
    }
  }
  return result;
}

std::vector<std::string> process_environment(const ContainerDefinition& definition,
                                             const std::vector<std::string>& link_env) {
  std::vector<std::string> base{kDefaultPath, "HOSTNAME=" + definition.config.hostname};
  if (definition.config.tty) base.emplace_back("TERM=xterm");
  base.insert(base.end(), link_env.begin(), link_env.end());
  return merge_environment(base, definition.config.env);
}

runtime::Spec build_spec(const SpecInputs& inputs) {
  runtime::Spec spec;
  set_namespaces(spec, inputs);
  set_process(spec, inputs);
  set_rootfs(spec, inputs);
  if (inputs.namespaces.uts.kind == Kind::own) {
    spec.hostname = inputs.definition.config.hostname;
    spec.domainname = inputs.definition.config.domainname;
  }
  add_system_mounts(spec, inputs);
  const HostConfig& host = inputs.definition.host;
  if (host.privileged) {
    add_all_host_devices(spec);
  } else {
    spec.device_rules = default_device_rules();
    add_devices(spec, host.resources);
    if (!parse_security_options(host.security_options).unconfined_system_paths) set_hidden_paths(spec);
  }
  add_engine_files(spec, inputs);
  add_user_mounts(spec, inputs);
  add_time_zone(spec, host.timezone);
  add_init(spec, inputs);
  set_sysctls(spec, inputs);
  spec.cgroups_path = cgroups_path(inputs.instance, inputs.definition);
  spec.resources = runtime_limits(inputs.definition.host.resources);
  return spec;
}

}  // namespace minidock
