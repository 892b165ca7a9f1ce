// --log-driver and --log-opt: docker's options, defaults and words.
#pragma once

#include <string>
#include <vector>

#include "engine/daemon_config.h"
#include "engine/definition.h"
#include "engine/shim/protocol.h"

namespace minidock {

inline constexpr char kDefaultLogDriver[] = "json-file";

// The drivers that keep output ("none" keeps none), in the order of their names.
std::vector<std::string> log_driver_names();

// What the user has left open comes from daemon.json ("log-driver", and "log-opts" for that driver).
LogSettings complete_log_settings(LogSettings asked, const DaemonConfig& config);

// ErrorKind::invalid_argument, in docker's words, for an unknown driver, option or value.
void check_log_settings(const LogSettings& settings);

// The file that json-file (inspect's LogPath) or local writes in the container's directory; "" for other drivers.
std::string log_file(const ContainerDefinition& definition, const std::string& container_dir);

// What the shim has to do. Rotation is on unless the user says otherwise: 20 MB and five files. Who gives only max-size
// gets one file, as with docker; max-size=-1 is docker's default, a file that is never rotated.
shim::LogConfig shim_log_config(const ContainerDefinition& definition, const std::string& container_dir);

}  // namespace minidock
