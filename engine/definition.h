// What a container is: docker's Config and HostConfig as the user asked for them, merged with the image. Stored as JSON
// in the database; the shapes and key names are docker's (API: GET /containers/{id}/json).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "network/network.h"

namespace minidock {

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
  std::string tmpfs_options;  // "size=64m,mode=1777"
  std::string text;           // as typed, for HostConfig.Binds; empty for --mount
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
};

struct ContainerDefinition {
  std::string id;
  std::string name;  // without the leading slash
  std::int64_t created = 0;
  std::string image_id;
  std::string image_reference;  // as typed; inspect's Config.Image
  ContainerConfig config;       // merged with the image's
  HostConfig host;
  std::vector<std::string> args;  // what is executed: entrypoint and command
  std::vector<MountPoint> mount_points;
  std::vector<std::string> layers;  // diff IDs, bottom first
};

Json to_json(const ContainerDefinition& definition);
ContainerDefinition definition_from_json(const Json& document);

}  // namespace minidock
