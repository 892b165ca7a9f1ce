// What a container is: docker's Config and HostConfig as the user asked for them, merged with the image. Stored as JSON
// in the database under docker's key names.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "network/network.h"

namespace minidock {

// podman's check of a container that starts up; the other one begins when it has passed. Times are nanoseconds, 0: the
// default.
struct StartupHealthcheck {
  std::vector<std::string> test;  // as in Healthcheck
  std::int64_t interval = 0;
  std::int64_t timeout = 0;
  int retries = 0;    // failures until the container is started again; 0: never
  int successes = 0;  // until it has passed; 0: one
};

// docker's Healthcheck, with podman's action on failure. Times are nanoseconds, 0: the default.
struct Healthcheck {
  // {"CMD", word…}, {"CMD-SHELL", line}, {"NONE"}; empty: the image's.
  std::vector<std::string> test;
  std::int64_t interval = 0;
  std::int64_t timeout = 0;
  std::int64_t start_period = 0;
  std::int64_t start_interval = 0;
  int retries = 0;
  std::string on_failure;  // "", "none", "kill", "restart", "stop"
  std::optional<StartupHealthcheck> startup;
  bool is_set() const { return !test.empty() && test[0] != "NONE"; }
};

struct ContainerConfig {
  std::string hostname;
  std::string domainname;
  std::string user;
  bool attach_stdin = false;
  bool attach_stdout = false;
  bool attach_stderr = false;
  bool tty = false;
  bool open_stdin = false;
  bool stdin_once = false;
  std::vector<std::string> env;
  std::optional<std::vector<std::string>> cmd;
  std::optional<std::vector<std::string>> entrypoint;  // an empty list resets the image's
  std::string image;                                   // as the user typed it
  std::map<std::string, std::string> labels;
  std::string working_dir;
  std::vector<std::string> volumes;        // container paths of anonymous volumes
  std::vector<std::string> exposed_ports;  // "80/tcp"
  std::string stop_signal;
  std::optional<int> stop_timeout;  // seconds; negative: for ever
  std::string mac_address;
  std::optional<Healthcheck> healthcheck;  // nothing: the image's, or none
  std::vector<std::string> shell;          // the image's SHELL, for CMD-SHELL; empty: /bin/sh -c
};

// One -v or --mount, parsed.
struct MountRequest {
  enum class Type { bind, volume, tmpfs };
  Type type = Type::bind;
  std::string source;       // host path or volume name; empty: anonymous volume
  std::string destination;  // absolute, clean
  bool read_only = false;
  bool no_copy = false;        // volume-nocopy
  bool create_source = false;  // -v makes a missing host directory, --mount does not
  std::string propagation = "rprivate";
  std::string tmpfs_options;                          // "size=64m,mode=1777"
  std::string driver;                                 // volume-driver; "" is "local"
  std::map<std::string, std::string> driver_options;  // volume-opt, for a volume that is made with the container
  std::map<std::string, std::string> labels;          // volume-label
  std::string subpath;                                // volume-subpath: below the volume's root
  bool non_recursive = false;                         // bind-nonrecursive
  bool writable_submounts = false;                    // bind-recursive=writable: read_only is the top mount's alone
  bool chown = false;                                 // U: the tree is given to the container's root
  bool idmap = false;                                 // idmap: ids outside appear as the same ids inside
  bool overlay = false;                               // O: writes go to the container, not to the source
  std::string text;                                   // as typed, for HostConfig.Binds; empty for --mount
};

struct RestartPolicy {
  std::string name = "no";  // "no", "always", "unless-stopped", "on-failure"
  int maximum_retries = 0;  // on-failure; 0: no limit
};

struct LogSettings {
  std::string driver;  // "" before creation: the configured default
  std::map<std::string, std::string> options;
};

// --device
struct DeviceRequest {
  std::string host_path;
  std::string container_path;
  std::string access = "rwm";
};

struct Ulimit {
  std::string name;       // "nofile"
  std::int64_t soft = 0;  // -1: unlimited
  std::int64_t hard = 0;
};

// A weight or rate of one block device.
struct DeviceValue {
  std::string path;
  std::uint64_t value = 0;
};

// docker's Resources; sizes in bytes, 0 (or "") is "not set" but where said.
struct Resources {
  std::int64_t memory = 0;
  std::int64_t memory_swap = 0;  // memory and swap together; -1: unlimited
  std::int64_t memory_reservation = 0;
  std::optional<std::int64_t> memory_swappiness;  // 0..100
  bool oom_kill_disable = false;
  std::int64_t nano_cpus = 0;  // --cpus
  std::int64_t cpu_shares = 0;
  std::int64_t cpu_period = 0;  // microseconds
  std::int64_t cpu_quota = 0;
  std::int64_t cpu_realtime_period = 0;
  std::int64_t cpu_realtime_runtime = 0;
  std::string cpuset_cpus;
  std::string cpuset_mems;
  std::optional<std::int64_t> pids_limit;  // 0: lifted by an update
  int blkio_weight = 0;                    // 10..1000
  std::vector<DeviceValue> blkio_weight_device;
  std::vector<DeviceValue> device_read_bps;
  std::vector<DeviceValue> device_write_bps;
  std::vector<DeviceValue> device_read_iops;
  std::vector<DeviceValue> device_write_iops;
  std::vector<std::string> device_cgroup_rules;  // "c 1:3 mr"
  std::vector<DeviceRequest> devices;
  std::vector<Ulimit> ulimits;
  std::string cgroup_parent;
};

// --secret source[,target=…,uid=,gid=,mode=,type=mount|env]
struct SecretRequest {
  std::string source;
  std::string target;  // a path, or the variable of type "env"
  std::string type = "mount";
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t mode = 0444;
};

struct HostConfig {
  std::vector<MountRequest> mounts;
  std::vector<network::PublishedPort> ports;  // as requested: host_port 0 is ephemeral
  std::string network_mode = "default";
  std::string pid_mode;
  std::string ipc_mode = "private";
  std::string uts_mode;
  std::string userns_mode;
  std::string cgroupns_mode = "private";
  std::optional<bool> init;
  bool readonly_rootfs = false;
  bool privileged = false;
  bool auto_remove = false;
  std::vector<std::string> cap_add;
  std::vector<std::string> cap_drop;
  Resources resources;
  RestartPolicy restart;
  LogSettings log;
  std::vector<std::string> volumes_from;  // "container[:ro|rw]"
  std::string volume_driver;              // of volumes that are made with the container
  std::vector<std::string> security_options;
  std::vector<std::string> group_add;
  std::map<std::string, std::string> sysctls;
  std::map<std::string, std::string> annotations;
  std::map<std::string, std::string> storage_options;
  std::vector<std::string> dns;
  std::vector<std::string> dns_options;
  std::vector<std::string> dns_search;
  std::vector<std::string> extra_hosts;  // "name:address"
  std::vector<std::string> links;        // "container[:alias]", as typed
  bool publish_all_ports = false;
  std::int64_t shm_size = 0;  // bytes; 0: the configured default
  int oom_score_adj = 0;
  std::string egress;                     // "deny"; "": it may begin connections to everywhere
  std::vector<std::string> egress_allow;  // network/egress_rule.h
  std::string cid_file;
  std::string cgroup_driver;  // "systemd": its cgroup is a scope that systemd makes; "" is "cgroupfs"
  std::string runtime;
  // podman's
  std::string rootfs;           // --rootfs: a directory of the host in the place of an image's layers
  bool rootfs_overlay = false;  // it is only read: what the container writes stays with the container
  std::string umask;            // octal; "" is 0022
  std::string timezone;         // --tz: a zone's name, or "local"
  int timeout = 0;              // --timeout: seconds after which the container is killed
  std::string pid_file;         // --pidfile
  std::vector<SecretRequest> secrets;
};

// A mount as it was resolved at creation (inspect's Mounts).
struct MountPoint {
  std::string type;  // "bind", "volume", "tmpfs"
  std::string name;  // volumes only
  std::string source;
  std::string destination;
  bool read_only = false;
  bool copy_up = false;
  std::string propagation;
  std::string options;  // tmpfs
  std::string driver;   // volumes only
  std::string mode;     // as typed: inspect's Mode
  std::string subpath;
  bool non_recursive = false;
  bool writable_submounts = false;
  bool chown = false;  // see MountRequest
  bool idmap = false;
  bool overlay = false;
};

// --userns auto: the ids of the host that are this container's alone.
struct IdRange {
  std::uint32_t first_uid = 0;
  std::uint32_t first_gid = 0;
  std::uint32_t size = 0;  // 0: none
};

// --link, as it was resolved at creation: it stays with that container, whatever happens to the name.
struct ContainerLink {
  std::string id;
  std::string name;  // the linked container's last one
  std::string alias;
};

// docker's EndpointSettings, as asked for: a container's end of one network.
struct NetworkAttachment {
  std::string network;       // its name; "bridge" is the default one
  std::string address;       // --ip
  std::string ipv6_address;  // --ip6
  std::string mac_address;   // --mac-address
  std::vector<std::string> aliases;
  std::vector<ContainerLink> links;  // names that this container alone has for others
  int gateway_priority = 0;          // see network::gateway_endpoint
};

struct ContainerDefinition {
  std::string id;
  std::string name;               // without the leading slash
  bool has_made_up_name = false;  // not stored: of one that is just being created
  std::int64_t created = 0;
  std::string image_id;
  std::string image_reference;  // as typed; inspect's Config.Image
  ContainerConfig config;       // merged with the image's
  HostConfig host;
  std::vector<std::string> args;  // what is executed: entrypoint and command
  std::vector<MountPoint> mount_points;
  std::vector<std::string> layers;  // diff IDs, bottom first
  IdRange id_range;
  std::vector<ContainerLink> links;         // on the default network: docker's of old
  std::vector<NetworkAttachment> networks;  // none for --network none, host, container:… and ns:…
};

Json to_json(const ContainerDefinition& definition);
ContainerDefinition definition_from_json(const Json& document);

}  // namespace minidock
