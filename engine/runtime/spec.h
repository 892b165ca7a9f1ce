// The OCI runtime-spec document (config.md, config-linux.md): the border between the engine, which says what is wanted,
// and the runtime, which asks the kernel for it. Only what minidock uses; unknown fields are ignored when read.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace minidock::runtime {

struct Capabilities {
  std::vector<std::string> bounding;
  std::vector<std::string> effective;
  std::vector<std::string> permitted;
  std::vector<std::string> inheritable;
  std::vector<std::string> ambient;
};

struct Rlimit {
  std::string type;  // "RLIMIT_NOFILE"
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
};

struct Process {
  bool terminal = false;
  std::uint16_t console_rows = 0;
  std::uint16_t console_columns = 0;
  // What the user typed ("", "0", "www-data", "1000:users"): resolved by the child in the rootfs (rule R9) into
  // uid, gid and supplementary groups; `username` of the document.
  std::string user;
  std::vector<std::string> additional_groups;  // names or numbers
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::string cwd = "/";
  Capabilities capabilities;
  std::vector<Rlimit> rlimits;
  bool no_new_privileges = false;
  std::optional<int> oom_score_adj;
  std::optional<std::uint32_t> umask;  // nothing: 0022
};

struct IdMapping {
  std::uint32_t container_id = 0;
  std::uint32_t host_id = 0;
  std::uint32_t size = 0;
};

// A file of the host that is copied into the container's memory. Owners are ids inside.
struct FileCopy {
  std::string source;
  std::string name;  // "": the file is the mount itself
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t mode = 0;
};

struct Mount {
  std::string destination;
  // "bind", "proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup"; "files": a read-only tmpfs with copies of `files`
  std::string type;
  std::string source;  // host path for bind
  // mount(8) words: ro rw nosuid nodev noexec relatime strictatime, rbind/bind, (r)private (r)shared (r)slave, and
  //   idmap               owners on disk are shown by the maps below (OCI), or by the container's when they are empty
  //   copy-up             a new, empty volume gets what the rootfs has at the destination
  //   subpath=P           what is bound is P below the source, whose links never lead out of it
  //   overlay=D           writes go to directory D (made when missing), not to the source
  //   writable-submounts  ro is for the mount itself, not for what is mounted below it
  // The rest are the file system's own (mode=, size=, …).
  std::vector<std::string> options;
  // container_id: on disk, host_id: as the mount shows it, outside of the container.
  std::vector<IdMapping> uid_mappings = {};
  std::vector<IdMapping> gid_mappings = {};
  // What a mount of type "files" holds; not OCI's own.
  std::vector<FileCopy> files = {};
};

struct Namespace {
  std::string type;  // "mount" "uts" "ipc" "pid" "network" "user" "cgroup"
  std::string path;  // empty: a new one; else joined
};

struct DeviceRule {
  bool allow = false;
  std::string type;                   // "a" "b" "c"
  std::optional<std::int64_t> major;  // empty: any
  std::optional<std::int64_t> minor;
  std::string access;  // of "rwm"
};

// A rate or weight of one block device.
struct DeviceLimit {
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::uint64_t value = 0;  // bytes or operations a second; weight
  bool operator==(const DeviceLimit&) const = default;
};

// linux.resources but for devices. Nothing: the kernel's default. Sizes are bytes, times microseconds.
struct ResourceLimits {
  std::optional<std::int64_t> memory;       // -1: unlimited
  std::optional<std::int64_t> memory_swap;  // memory and swap together (v1's meaning); -1: unlimited
  std::optional<std::int64_t> memory_reservation;
  std::optional<std::uint64_t> memory_swappiness;  // v1 only
  bool disable_oom_killer = false;                 // v1 only
  std::optional<std::uint64_t> cpu_shares;
  std::optional<std::int64_t> cpu_quota;
  std::optional<std::uint64_t> cpu_period;
  std::optional<std::int64_t> cpu_realtime_runtime;  // v1 only
  std::optional<std::uint64_t> cpu_realtime_period;
  std::string cpuset_cpus;
  std::string cpuset_mems;
  std::optional<std::int64_t> pids;              // <= 0: unlimited
  std::optional<std::uint16_t> block_io_weight;  // 10..1000
  std::vector<DeviceLimit> weight_devices;
  std::vector<DeviceLimit> read_bps;
  std::vector<DeviceLimit> write_bps;
  std::vector<DeviceLimit> read_iops;
  std::vector<DeviceLimit> write_iops;
  bool operator==(const ResourceLimits&) const = default;
};

// How ids of the layers are shifted into a user namespace.
enum class LayerMapping {
  automatic,  // idmapped mount of the store, else the copy
  copy,       // a chowned copy of each layer, made once a range below <store>/../layers-mapped
};

// How the overlay is told its directories. Not in the document: tests force what old kernels need.
enum class OverlayCall {
  automatic,    // each in this order until the kernel takes one
  descriptors,  // FSCONFIG_SET_FD (6.13, for detached layers 6.15)
  strings,      // "lowerdir+" (6.7)
  classic,      // mount(2) with one "lowerdir="
};

// Where the root file system comes from: an overlay of unpacked layers. Not OCI's own (there the rootfs is a ready
// directory): written under annotation "org.minidock.rootfs".
struct OverlayRootfs {
  std::string store;                // directory of the layers; idmapped as a whole when the container has a userns
  std::vector<std::string> layers;  // names below `store`, top layer first
  std::string upper;                // plain directory; owned by the id that root inside is outside
  std::string work;                 // on the same mount
  bool is_volatile = false;         // overlay's "volatile": no sync at unmount; for containers that go with their end
  LayerMapping layer_mapping = LayerMapping::automatic;
  OverlayCall overlay_call = OverlayCall::automatic;
  // A ready directory: the root is that itself, and nothing of the above is used.
  std::string directory = {};
};

struct Spec {
  Process process;
  OverlayRootfs rootfs;
  bool readonly_rootfs = false;
  std::string hostname;
  std::string domainname;
  std::vector<Mount> mounts;
  std::vector<Namespace> namespaces;
  std::vector<IdMapping> uid_mappings;
  std::vector<IdMapping> gid_mappings;
  std::vector<std::string> masked_paths;
  std::vector<std::string> readonly_paths;
  std::map<std::string, std::string> sysctl;  // "net.ipv4.ip_unprivileged_port_start" → "0"
  // "/minidock/<id>" below each hierarchy that is used; or "slice:prefix:name", a scope that systemd makes
  // (runtime-spec, "cgroupsPath").
  std::string cgroups_path;
  ResourceLimits resources;
  std::vector<DeviceRule> device_rules;  // in order, the last match decides; empty: no device filter
  // Compiled cBPF program (array of struct sock_filter); empty: no filter. Not OCI's own (there it is a list of
  // rules): the engine compiles and caches it, annotation "org.minidock.seccomp-bpf" names the file.
  std::string seccomp_bpf_file;
};

Json to_json(const Spec& spec);
// ErrorKind::corrupt_data for a document that is not one.
Spec spec_from_json(const Json& document);

Json to_json(const Process& process);
Process process_from_json(const Json& document);

}  // namespace minidock::runtime
