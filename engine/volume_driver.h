// The local volume driver: docker's options type, o and device (what mount(8) takes) and size (a quota).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace minidock {

using DriverOptions = std::map<std::string, std::string>;

// docker's words for a name that no volume can have: "create a/b: …". ErrorKind::invalid_argument.
void check_volume_name(const std::string& name);

// Only "local" (or "") exists. ErrorKind::not_found "error looking up volume plugin X: plugin "X" not found".
void check_volume_driver(const std::string& driver);

// ErrorKind::invalid_argument for options that are unknown, malformed or incomplete.
void check_driver_options(const DriverOptions& options);

// One mount(2).
struct VolumeMount {
  std::string device;
  std::string type;
  unsigned long flags = 0;        // MS_*, without propagation
  unsigned long propagation = 0;  // MS_SHARED, …
  std::string data;
  bool is_bind() const;
};

// Nothing for a volume that is a plain directory. `addr=NAME` of a network file system is looked up, as mount.nfs does.
std::optional<VolumeMount> parse_volume_mount(const DriverOptions& options);

// The data lie in a directory or tmpfs of the volume's own: nothing of it belongs to somebody else.
bool owns_its_data(const DriverOptions& options);

// size=: bytes; nothing without one.
std::optional<std::uint64_t> volume_quota(const DriverOptions& options);

}  // namespace minidock
