#include "engine/daemon_config.h"

#include <fmt/format.h>

#include <functional>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/json.h"
#include "engine/host_option_parsers.h"

namespace minidock {
namespace {

using Setter = std::function<void(DaemonConfig&, const Json& document, const char* key)>;

template <typename Field>
Setter string_into(Field DaemonConfig::*field) {
  return [field](DaemonConfig& config, const Json& document, const char* key) {
    config.*field = json::get_string(document, key);
  };
}

Setter strings_into(std::vector<std::string> DaemonConfig::*field) {
  return [field](DaemonConfig& config, const Json& document, const char* key) {
    config.*field = json::get_strings(document, key);
  };
}

Setter bool_into(bool DaemonConfig::*field) {
  return [field](DaemonConfig& config, const Json& document, const char* key) {
    config.*field = json::get_bool(document, key);
  };
}

void set_shm_size(DaemonConfig& config, const Json& document, const char* key) {
  config.default_shm_size = document.at(key).is_string() ? format::parse_ram_bytes(json::get_string(document, key))
                                                         : json::get_int(document, key);
}

void set_storage_options(DaemonConfig& config, const Json& document, const char* key) {
  for (const std::string& option : json::get_strings(document, key)) {
    if (option == "minidock.layer-mapping=copy") {
      config.copy_layers = true;
    } else if (option != "minidock.layer-mapping=automatic") {
      throw Error(ErrorKind::invalid_argument, fmt::format("unknown storage option \"{}\"", option));
    }
  }
}

void set_exec_options(DaemonConfig& config, const Json& document, const char* key) {
  for (const std::string& option : json::get_strings(document, key)) {
    const std::size_t equals = option.find('=');
    const std::string name = option.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : option.substr(equals + 1);
    if (name != "native.cgroupdriver") {
      throw Error(ErrorKind::invalid_argument,
                  fmt::format("unknown option \"{}\": must be native.cgroupdriver", option));
    }
    if (value != "systemd" && value != "cgroupfs") {
      throw Error(ErrorKind::invalid_argument,
                  fmt::format("invalid cgroup driver \"{}\": use systemd or cgroupfs", value));
    }
    config.systemd_cgroups = value == "systemd";
  }
}

// docker takes nothing but strings here: "max-file": "3".
void set_log_options(DaemonConfig& config, const Json& document, const char* key) {
  const Json& options = document.at(key);
  if (!options.is_object()) throw Error(ErrorKind::invalid_argument, "\"log-opts\" is not an object");
  for (const auto& [name, value] : options.items()) config.log_options[name] = json::get_string(options, name.c_str());
}

// {"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 2048}}
void set_ulimits(DaemonConfig& config, const Json& document, const char* key) {
  const Json& limits = document.at(key);
  if (!limits.is_object()) throw Error(ErrorKind::invalid_argument, "\"default-ulimits\" is not an object");
  for (const auto& [name, limit] : limits.items()) {
    const std::string text = fmt::format("{}={}:{}", name, json::get_int(limit, "Soft"), json::get_int(limit, "Hard"));
    config.default_ulimits.push_back(options::parse_ulimit(text));
  }
}

void set_cgroupns_mode(DaemonConfig& config, const Json& document, const char* key) {
  config.default_cgroupns_mode = json::get_string(document, key);
  if (config.default_cgroupns_mode != "private" && config.default_cgroupns_mode != "host") {
    throw Error(ErrorKind::invalid_argument, fmt::format("invalid default cgroup namespace ({}). Use \"host\" or "
                                                         "\"private\"",
                                                         config.default_cgroupns_mode));
  }
}

// No daemon takes a container along when it ends.
void check_live_restore(DaemonConfig&, const Json& document, const char* key) {
  if (json::get_bool(document, key)) return;
  throw Error(ErrorKind::unsupported, "\"live-restore\": false is not supported: containers outlive every command");
}

const std::map<std::string, Setter>& setters() {
  static const std::map<std::string, Setter> table{
      {"data-root", string_into(&DaemonConfig::data_root)},
      {"exec-root", string_into(&DaemonConfig::exec_root)},
      {"userns-remap", string_into(&DaemonConfig::userns_remap)},
      {"insecure-registries", strings_into(&DaemonConfig::insecure_registries)},
      {"bip", string_into(&DaemonConfig::bip)},
      {"dns", strings_into(&DaemonConfig::dns)},
      {"dns-search", strings_into(&DaemonConfig::dns_search)},
      {"dns-opts", strings_into(&DaemonConfig::dns_options)},
      {"default-network-names", bool_into(&DaemonConfig::default_network_names)},
      {"exec-opts", set_exec_options},
      {"init", bool_into(&DaemonConfig::init)},
      {"default-shm-size", set_shm_size},
      {"debug", bool_into(&DaemonConfig::debug)},
      {"storage-opts", set_storage_options},
      {"log-driver", string_into(&DaemonConfig::log_driver)},
      {"log-opts", set_log_options},
      {"default-ulimits", set_ulimits},
      {"no-new-privileges", bool_into(&DaemonConfig::no_new_privileges)},
      {"cgroup-parent", string_into(&DaemonConfig::cgroup_parent)},
      {"default-cgroupns-mode", set_cgroupns_mode},
      {"live-restore", check_live_restore},
  };
  return table;
}

}  // namespace

DaemonConfig parse_daemon_config(const std::string& text, const std::string& path) {
  try {
    const Json document = json::parse(text, path);
    if (!document.is_object()) throw Error(ErrorKind::invalid_argument, "the document is not an object");
    DaemonConfig config;
    for (const auto& [key, value] : document.items()) {
      const auto setter = setters().find(key);
      if (setter == setters().end()) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("the following directives don't match any configuration option: {}", key));
      }
      setter->second(config, document, key.c_str());
    }
    return config;
  } catch (const Error& error) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("unable to configure minidock with file {}: {}", path, error.message()));
  }
}

DaemonConfig read_daemon_config(const std::string& path, bool named_by_user) {
  const std::optional<std::string> text = file::read_if_exists(path, 1 << 20);
  if (text) return parse_daemon_config(*text, path);
  if (named_by_user) throw Error(ErrorKind::not_found, fmt::format("configuration file {} does not exist", path));
  return DaemonConfig{};
}

}  // namespace minidock
