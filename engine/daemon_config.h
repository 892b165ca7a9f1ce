// /etc/minidock/daemon.json: docker's keys, as far as minidock does what they say; any other key is an error.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/definition.h"

namespace minidock {

inline constexpr char kDefaultConfigFile[] = "/etc/minidock/daemon.json";

struct DaemonConfig {
  std::optional<std::string> data_root;  // "data-root": --root
  std::optional<std::string> exec_root;  // "exec-root": --state
  // "userns-remap": "default" (user dockremap), "user", "user:group", "uid", "uid:gid"; "" turns remapping off.
  std::string userns_remap = "default";
  std::vector<std::string> insecure_registries;  // "insecure-registries": host[:port]
  std::string bip;                               // "bip": address and prefix of the bridge, "10.9.0.1/24"
  std::vector<std::string> dns;                  // "dns"
  std::vector<std::string> dns_search;           // "dns-search"
  std::vector<std::string> dns_options;          // "dns-opts"
  // "default-network-names": containers of the default network find each other by name; false: as docker, where only
  // those of networks that users make do.
  bool default_network_names = true;
  bool systemd_cgroups = false;                    // "exec-opts": ["native.cgroupdriver=systemd|cgroupfs"]
  bool init = false;                               // "init": --init for every container
  std::int64_t default_shm_size = 64 << 20;        // "default-shm-size", bytes or "64M"
  bool debug = false;                              // "debug": as --debug
  std::string log_driver;                          // "log-driver": of containers without --log-driver
  std::map<std::string, std::string> log_options;  // "log-opts": of containers with that driver
  std::vector<Ulimit> default_ulimits;             // "default-ulimits": for what --ulimit does not name
  bool no_new_privileges = false;                  // "no-new-privileges": as --security-opt no-new-privileges
  std::string cgroup_parent;                       // "cgroup-parent": of containers without --cgroup-parent
  std::string default_cgroupns_mode;               // "default-cgroupns-mode": "private" or "host"
  // "storage-opts": ["minidock.layer-mapping=automatic|copy"]: copy keeps a chowned copy of each layer for each id
  // range instead of idmapped mounts.
  bool copy_layers = false;
};

// Reads the file. A missing default file means defaults; a missing file that the user named is ErrorKind::not_found.
DaemonConfig read_daemon_config(const std::string& path, bool named_by_user);

// Parses the text; `path` is for messages. ErrorKind::invalid_argument.
DaemonConfig parse_daemon_config(const std::string& text, const std::string& path);

}  // namespace minidock
